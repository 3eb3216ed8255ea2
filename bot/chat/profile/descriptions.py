"""How the bot describes itself on Telegram: in an empty chat, and on its page, in each language.

Its name is the owner's choice and left alone. What is set already is not set again, since
Telegram allows few changes a day.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from telegram import Bot

from bot.chat.cards.fitting import count_units
from bot.chat.profile.publishing import Step
from bot.model import Article
from bot.wording.about import About
from bot.wording.phrases import Phrases

_DESCRIPTION_UNITS = 512


def list_descriptions(
    bot: Bot, texts: Mapping[str, Phrases], *, about: About, articles: Sequence[Article]
) -> list[Step]:
    """Return the steps that set the descriptions, by Telegram's code of the language."""
    return [
        step
        for code, phrases in texts.items()
        for step in (
            partial(_set_description, bot, code, _describe(about.describe(articles, phrases), phrases)),
            partial(_set_short_description, bot, code, _describe_shortly(about, phrases)),
        )
    ]


def _describe(content: str, phrases: Phrases) -> str:
    """Say what the articles are about, if there is room, and how the bot answers."""
    described = phrases.say("description")
    longer = f"{content}\n\n{described}" if content else described
    return longer if count_units(longer) <= _DESCRIPTION_UNITS else described


def _describe_shortly(about: About, phrases: Phrases) -> str:
    topic = about.find_topic(phrases.language)
    return phrases.say("about.short-description", topic=topic) if topic else phrases.say("short-description")


async def _set_description(bot: Bot, code: str, wanted: str) -> None:
    if (await bot.get_my_description(code)).description != wanted:
        await bot.set_my_description(wanted, code)


async def _set_short_description(bot: Bot, code: str, wanted: str) -> None:
    if (await bot.get_my_short_description(code)).short_description != wanted:
        await bot.set_my_short_description(wanted, code)
