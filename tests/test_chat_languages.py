"""The bot talks to each reader in their language: that of their Telegram, or the one they chose."""

from pathlib import Path

import pytest

from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, running_bot
from tests.test_chat_menus import CODES

LABELS = [
    "العربية",
    "Deutsch",
    "English",
    "Español",
    "Français",
    "Bahasa Indonesia",
    "日本語",
    "Norsk",
    "Português",
    "Русский",
    "Tiếng Việt",
    "中文",
]


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("nb", "nb"),
        ("no", "nb"),
        ("nn-no", "nb"),
        ("pt-br", "pt"),
        ("zh-hans", "zh"),
        ("sv", "en"),
        ("de-at", "de"),
        ("x!", "en"),
        (None, "en"),
    ],
)
async def test_language_is_that_of_telegram(tmp_path: Path, code: str | None, language: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code=code)
        told = await anna.private_chat.reply_to(anna.says("/wat"))
        assert told.text == CATALOGUES[language].say("unknown-command")


async def test_language_chosen_is_remembered_after_a_restart(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna", language_code="de")
        async with running_bot(api, tmp_path):
            offer = await anna.private_chat.reply_to(anna.says("/language"))
            assert offer.text == CATALOGUES["de"].say("language.choose")
            automatic = CATALOGUES["de"].say("language.automatic") + " ✓"
            assert [button["text"] for button in offer.buttons] == [*LABELS, automatic]
            await anna.presses(offer, "Tiếng Việt")
            await offer.edited()
            assert offer.text == CATALOGUES["vi"].say("language.chosen")
            assert "Tiếng Việt ✓" in [button["text"] for button in offer.buttons]
        async with running_bot(api, tmp_path):
            told = await anna.private_chat.reply_to(anna.says("/wat"))
            assert told.text == CATALOGUES["vi"].say("unknown-command")
            await anna.presses(offer, "language:auto")
            await offer.edited(1)
            assert offer.text == CATALOGUES["de"].say("language.automatic-chosen")
            told = await anna.private_chat.reply_to(anna.says("/wat"))
            assert told.text == CATALOGUES["de"].say("unknown-command")


async def test_language_chosen_is_that_of_the_menu(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[77]):
        anna, boss = api.person("Anna"), api.person("Boss", id=77)
        for person, own_menus in ((anna, {""}), (boss, CODES)):
            offer = await person.private_chat.reply_to(person.says("/language"))
            await person.presses(offer, "Norsk")
            # The menu is set before the next message is answered.
            await person.private_chat.reply_to(person.says("/help"))
            menus = {
                code: menu for (scope, code), menu in api.bot.commands.items() if scope == f"chat {person.id}"
            }
            assert menus.keys() == own_menus
            assert {menu[0]["description"] for menu in menus.values()} == {
                CATALOGUES["nb"].say("command.ask")
            }


async def test_language_in_a_group_is_each_asker_s(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna, linh = api.person("Anna", language_code="fr"), api.person("Linh", language_code="vi")
        group = api.group(members=[anna, linh])
        for person in (anna, linh):
            told = await group.reply_to(person.says("/sources", chat=group))
            heading = CATALOGUES[person.language_code or ""].say("sources.heading", count=5)
            assert told.text.startswith(heading)
