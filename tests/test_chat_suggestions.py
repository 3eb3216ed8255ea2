"""Below an answer are questions to ask next: examples, and what several people asked."""

from pathlib import Path

import pytest

from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, running_bot, write_article

BODY = (
    "Seventy-two countries signed the treaty in the harbour. The lighthouse was painted red in March. "
    "The mayor opened the fish market on Sunday. The ferry to the islands leaves at noon."
)
PAINTED = "When was the lighthouse painted red?"
FERRY = "When does the ferry to the islands leave?"


def questions_below(message: object) -> list[str]:
    return [
        button["text"]
        for button in message.buttons  # type: ignore[attr-defined]
        if button.get("callback_data", "").startswith("ask:")
    ]


async def ask(person: Person, words: str) -> list[str]:
    return questions_below(await person.private_chat.reply_to(person.says(words)))


async def ask_as_three(api: BotApi, folder: Path, articles: Path, *questions: str) -> list[Person]:
    """Let each of three people ask the questions; return them when the bot has ended."""
    people = [api.person(name) for name in ("Anna", "Bo", "Cem")]
    async with running_bot(api, folder, articles=articles, suggestions=True) as bot:
        for person in people:
            for words in questions:
                await ask(person, words)
        await bot.journal.flush()
    return people


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    write_article(folder, "harbour", BODY)
    return folder


async def test_suggestions_are_what_three_people_asked_and_a_tap_asks(tmp_path: Path, articles: Path) -> None:
    async with BotApi() as api:
        people = [api.person(name) for name in ("Anna", "Bo", "Cem")]
        anna = people[0]
        async with running_bot(api, tmp_path, articles=articles, suggestions=True) as bot:
            for person in people[:2]:
                await ask(person, PAINTED)
            await bot.journal.flush()
        async with running_bot(api, tmp_path, articles=articles, suggestions=True) as bot:
            assert PAINTED not in await ask(anna, FERRY)
            await ask(people[2], PAINTED)
            await bot.journal.flush()
        async with running_bot(api, tmp_path, articles=articles, suggestions=True):
            answer = await anna.private_chat.reply_to(anna.says(FERRY))
            assert PAINTED in questions_below(answer)
            await anna.presses(answer, PAINTED)
            posed = await anna.private_chat.reply_to(answer)
            assert PAINTED in posed.text
            told = await anna.private_chat.reply_to(posed)
            assert "painted red in March" in told.text
            assert PAINTED not in questions_below(told)


async def test_suggestions_ask_neither_of_two_things_that_were_just_asked(
    tmp_path: Path, articles: Path
) -> None:
    async with BotApi() as api:
        people = await ask_as_three(api, tmp_path, articles, PAINTED, FERRY)
        async with running_bot(api, tmp_path, articles=articles, suggestions=True):
            both = people[0].says(f"{PAINTED.rstrip('?')} and {FERRY[0].lower()}{FERRY[1:]}")
            answer = await people[0].private_chat.reply_to(both)
            assert "painted red in March" in answer.text
            assert "leaves at noon" in answer.text
            assert not {PAINTED, FERRY} & set(questions_below(answer))


@pytest.mark.parametrize(
    "words",
    [
        "When was the lighthouse painted red by @painter_anna?",
        "When was the lighthouse painted red, call 90 12 34 56?",
        "When was the lighthouse of Ola Nordmann painted red?",
        "When was the lighthouse painted red, ola@example.org?",
    ],
)
async def test_suggestions_leave_out_what_may_be_about_a_person(
    tmp_path: Path, articles: Path, words: str
) -> None:
    async with BotApi() as api:
        people = await ask_as_three(api, tmp_path, articles, words)
        async with running_bot(api, tmp_path, articles=articles, suggestions=True):
            assert words not in await ask(people[0], FERRY)


async def test_suggestions_end_with_a_vote_or_when_somebody_is_forgotten(
    tmp_path: Path, articles: Path
) -> None:
    async with BotApi() as api:
        people = [api.person(name) for name in ("Anna", "Bo", "Cem")]
        async with running_bot(api, tmp_path, articles=articles, suggestions=True) as bot:
            for person in people:
                last = await person.private_chat.reply_to(person.says(PAINTED))
            await bot.journal.flush()
        async with running_bot(api, tmp_path, articles=articles, suggestions=True):
            assert PAINTED in await ask(people[0], FERRY)
            sure = await people[1].private_chat.reply_to(people[1].says("/forget"))
            await people[1].presses(sure, "forget:yes")
            await sure.edited()
            assert PAINTED not in await ask(people[0], FERRY)
        async with running_bot(api, tmp_path, articles=articles, suggestions=True) as bot:
            await ask(people[1], PAINTED)
            await people[2].presses(last, "👎")
            await people[2].private_chat.reply_to(people[2].says("/wat"))
            await bot.journal.flush()
        async with running_bot(api, tmp_path, articles=articles, suggestions=True):
            assert PAINTED not in await ask(people[0], FERRY)


async def test_suggestions_are_examples_too_and_can_be_switched_off(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna", language_code="en")
        async with running_bot(api, tmp_path, suggestions=True):
            told = await anna.private_chat.reply_to(anna.says("What did the minister say at the signing?"))
            assert SIGNED in questions_below(told)
            assert SIGNED not in await ask(anna, SIGNED)
        async with running_bot(api, tmp_path, suggestions=False):
            assert await ask(anna, "What did the minister say at the signing?") == []
