"""What is not a question gets what a person would say, and never a quotation."""

import tomllib
from pathlib import Path

from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, EXAMPLES, phrases, running_bot

LISTED = tomllib.loads((Path(__file__).parent / "data" / "not_questions.toml").read_text("utf-8"))
NOT_QUESTIONS = LISTED["not_question"]


async def test_not_a_question_gets_words_of_the_bot_s_own(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        readers = {
            language: api.person(f"Reader {language}", language_code=language) for language in CATALOGUES
        }
        for listed in NOT_QUESTIONS:
            language = listed["language"] if listed["language"] in CATALOGUES else "en"
            reader = readers[language]
            told = await reader.private_chat.reply_to(reader.says(listed["text"]))
            assert told.text == CATALOGUES[language].say(f"small-talk.{listed['meaning']}"), listed
        rows = await bot.read_log("is_answered, kind")
        assert rows == [(0, "small_talk")] * len(NOT_QUESTIONS)


async def test_not_a_question_in_a_group_is_answered_where_the_bot_is_addressed(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        group = api.group(members=[anna])
        told = await group.reply_to(anna.says("/ask are you an AI?", chat=group))
        assert told.text == phrases.say("small-talk.are_you_an_ai")


async def test_help_comes_with_examples_to_tap(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        for words in ("?", "what can I ask?", "tell me more", "test", "https://example.org"):
            told = await anna.private_chat.reply_to(anna.says(words))
            assert [button["text"] for button in told.buttons] == list(EXAMPLES["en"]), words
        for words in ("stop", "ok", "you are stupid"):
            assert (await anna.private_chat.reply_to(anna.says(words))).buttons == [], words


async def test_not_a_question_gives_inline_the_examples_alone(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        for listed in NOT_QUESTIONS:
            found = await anna.asks_inline(listed["text"])
            assert found.titles == list(EXAMPLES["en"]), listed


async def test_question_that_looks_like_small_talk_is_looked_up(tmp_path: Path) -> None:
    said = {phrases.say(f"small-talk.{listed['meaning']}") for listed in NOT_QUESTIONS}
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        for listed in LISTED["question"]:
            assert (await anna.private_chat.reply_to(anna.says(listed["text"]))).text not in said, listed
        kinds = {kind for (kind,) in await bot.read_log("kind")}
        assert "small_talk" not in kinds
