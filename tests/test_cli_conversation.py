"""The conversation in the terminal has the same card as Telegram, turned with commands."""

import asyncio
import io
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from bot.answering import Desk
from bot.cli.assembly import Session
from bot.cli.conversation import converse
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.language import LanguageDetector
from bot.wording.small_talk import load_small_talk
from tests.chat_bot import CATALOGUES, MAX_ARTICLE_BYTES, phrases
from tests.harbour import CRANES, HARBOUR, PIZZA, SEVEN, HarbourIndex

Talk = Callable[..., list[str]]


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Type lines, and return what the terminal shows after each."""
    index = HarbourIndex(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))
    desk = Desk(index, lambda _progress: index, load_small_talk(), LanguageDetector({"en", "nb"}))
    database = Database(tmp_path / "log.sqlite")
    with asyncio.Runner() as runner:
        runner.run(database.open())
        session = Session(desk, Journal(database), Gaps(database, lambda: index), runner)

        def type_lines(*lines: str, in_colour: bool = False) -> list[str]:
            monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
            shown = io.StringIO()
            monkeypatch.setattr(sys, "stdout", shown)
            console = Console(
                file=shown, width=72, force_terminal=in_colour, color_system="standard" if in_colour else None
            )
            converse(session, console, CATALOGUES, 5)
            return shown.getvalue().split("> ")

        yield type_lines
        runner.run(database.close())


def test_conversation_shows_the_card_and_turns_it(talk: Talk) -> None:
    _welcome, card, more, end, context, sources, _bye = talk(
        CRANES, "/more", "/more", "/context", "/sources", "/quit"
    )
    assert card.startswith(
        f"1. {SEVEN}\n   Harbour Post · Mar 1, 2025 · in English\n   https://post.example.org"
    )
    assert "also in Vikavisa: https://avis.example.no/vik" in card
    assert card.endswith("/more · /context\n")
    assert more.startswith("6. ")
    assert "Havna har sju kraner" in more
    assert more.endswith("\n/context\n")
    assert end == phrases.say("terminal.nothing-more") + "\n"
    assert context.startswith("6. ")
    assert "Vikavisa · Mar 4, 2025 · in Norwegian\n  https://avis.example.no/vik\n" in sources


def test_conversation_shows_the_sentences_around(talk: Talk) -> None:
    context = talk(CRANES, "/context")[2]
    assert " ".join(context.split()).startswith(f"1. The harbour of Vik was opened in 1898. {SEVEN} Every")


def test_conversation_marks_the_clause_that_answers(talk: Talk) -> None:
    assert "\x1b[1mThe harbour has seven cranes\x1b[0m, and" in talk(CRANES, in_colour=True)[1]


def test_conversation_says_what_it_cannot_show(talk: Talk) -> None:
    _welcome, more, context, not_found, thanks, context_of_thanks, unknown, _end = talk(
        "/more", "/context", PIZZA, "thanks!", "/context", "/nonsense"
    )
    nothing = phrases.say("terminal.nothing-more") + "\n"
    assert more == context == context_of_thanks == nothing
    assert not_found.startswith(phrases.say("not-found"))
    assert thanks == phrases.say("small-talk.thanks") + "\n"
    assert " ".join(unknown.split()) == phrases.say("terminal.help")


def test_conversation_changes_its_language(talk: Talk) -> None:
    _welcome, question, chosen, card, unknown, _end = talk(
        "/language", "/language no", CRANES, "/language xx"
    )
    assert question.startswith("I speak ")
    assert "Norwegian (nb)" in " ".join(question.split())
    assert chosen == CATALOGUES["nb"].say("terminal.language") + "\n"
    assert "på engelsk" in card
    assert "norsk (nb)" in " ".join(unknown.split())


def test_conversation_leans_on_what_was_asked_before(talk: Talk, tmp_path: Path) -> None:
    followed = talk(CRANES, "And how old are these?", "thanks", "How old?")[2]
    assert followed.startswith(f"1. {SEVEN}")
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection:
        rows = connection.execute("SELECT earlier, origin FROM exchanges ORDER BY id").fetchall()
    assert rows == [
        (None, "terminal"), (CRANES, "terminal"), ("And how old are these?", "terminal"), (None, "terminal"),
    ]  # fmt: skip
