"""How the bot describes itself on Telegram: in an empty chat, and on its page, in each language.

Its name is the owner's choice and left alone. What is set already is not set again, since
Telegram allows few changes a day.
"""

from collections.abc import Mapping
from functools import partial

from telegram import Bot

from bot.chat.profile.publishing import Step
from bot.wording.phrases import Phrases


def list_descriptions(bot: Bot, texts: Mapping[str, Phrases]) -> list[Step]:
    """Return the steps that set the descriptions, by Telegram's code of the language."""
    return [
        partial(set_description, bot, code, phrases)
        for code, phrases in texts.items()
        for set_description in (_set_description, _set_short_description)
    ]


async def _set_description(bot: Bot, code: str, phrases: Phrases) -> None:
    wanted = phrases.say("description")
    if (await bot.get_my_description(code)).description != wanted:
        await bot.set_my_description(wanted, code)


async def _set_short_description(bot: Bot, code: str, phrases: Phrases) -> None:
    wanted = phrases.say("short-description")
    if (await bot.get_my_short_description(code)).short_description != wanted:
        await bot.set_my_short_description(wanted, code)
