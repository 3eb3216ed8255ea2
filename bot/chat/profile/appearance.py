"""Everything that Telegram shows of the bot by itself, set when the bot starts.

Whatever goes wrong with it is logged and stops nothing else.
"""

import logging
from collections.abc import Mapping

from telegram import Bot

from bot.chat.profile.descriptions import list_descriptions
from bot.chat.profile.menus import Menus
from bot.chat.profile.publishing import publish
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)


async def publish_appearance(bot: Bot, menus: Menus, texts: Mapping[str, Phrases]) -> None:
    """Set the menus, then the descriptions by Telegram's code of the language, until all are set."""
    try:
        await menus.publish_for_admins(bot)
        await publish([*menus.list_menus(bot), *list_descriptions(bot, texts)])
    except Exception:  # noqa: BLE001 - admins are told of troubles all the same
        _LOG.exception("Failed to set the menus and descriptions")
