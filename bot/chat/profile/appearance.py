"""Everything that Telegram shows of the bot by itself, set when the bot starts.

Whatever goes wrong with it is logged and stops nothing else.
"""

import logging
from collections.abc import Mapping, Sequence

from telegram import Bot

from bot.chat.profile.descriptions import list_descriptions
from bot.chat.profile.menus import Menus
from bot.chat.profile.publishing import publish
from bot.model import Article
from bot.wording.about import About
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)


async def publish_appearance(
    bot: Bot, menus: Menus, texts: Mapping[str, Phrases], *, about: About, articles: Sequence[Article]
) -> None:
    """Set the menus, then the descriptions by Telegram's code of the language, until all are set."""
    try:
        await menus.publish_for_admins(bot)
        descriptions = list_descriptions(bot, texts, about=about, articles=articles)
        await publish([*menus.list_menus(bot), *descriptions])
    except Exception:  # noqa: BLE001 - admins are told of troubles all the same
        _LOG.exception("Failed to set the menus and descriptions")
