"""The bot says what its articles are about: as the owner put it, else by their titles."""

from pathlib import Path

from bot.sandbox.server import BotApi
from tests.chat_bot import running_bot, write_article

TOPIC = "the harbour of Vik"


async def test_about_is_what_the_owner_wrote(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, about={"en": TOPIC, "no": "havna i Vik"}):
        anna, nils = api.person("Anna", language_code="en"), api.person("Nils", language_code="nb")
        for command in ("/start", "/help"):
            assert f"Ask me about {TOPIC}." in (await anna.private_chat.reply_to(anna.says(command))).text
            assert "Spør meg om havna i Vik." in (await nils.private_chat.reply_to(nils.says(command))).text
        listed = await anna.private_chat.reply_to(anna.says("/sources"))
        assert listed.text.startswith(f"I answer from 5 articles about {TOPIC}:")


async def test_about_is_by_the_titles_where_the_owner_wrote_nothing(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(5):
        write_article(articles, f"whales-{number}", "A text.", title=f'"Whales {number}"')
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles):
        anna = api.person("Anna", language_code="en")
        told = await anna.private_chat.reply_to(anna.says("/start"))
        assert "I have read “Whales 0”, “Whales 1”, “Whales 2”, and 2 more articles." in told.text
