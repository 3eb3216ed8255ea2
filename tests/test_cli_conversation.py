"""The conversation in the terminal has the same card as Telegram, turned with commands."""

import asyncio
import io
import json
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.answering import Desk
from bot.chat.handlers.allowance import Allowance
from bot.chat.upkeep import Upkeep
from bot.cli.conversation import Conversation
from bot.cli.keyboard import open_keyboard
from bot.cli.printing import count_shown, describe_answer, print_answer
from bot.cli.session import Session
from bot.corpus.articles import load_corpus
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.personal import LocalRecords
from bot.journal.pins import Pins
from bot.journal.question_file import QuestionFile
from bot.language import LanguageDetector
from bot.model import Answer, AnswerKind
from bot.wording.examples import Examples
from bot.wording.small_talk import load_small_talk
from tests.chat_bot import CATALOGUES, MAX_ARTICLE_BYTES, phrases
from tests.harbour import CRANES, HARBOUR, PIZZA, SEVEN, HarbourIndex

DATA = Path(__file__).parent / "data"

Talk = Callable[..., list[str]]


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Type lines, and return what the terminal shows after each."""
    index = HarbourIndex(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))
    desk = Desk(index, lambda _progress: index, load_small_talk(), LanguageDetector)
    database = Database(tmp_path / "log.sqlite")
    with asyncio.Runner() as runner:
        runner.run(database.open())
        gaps = Gaps(database, lambda: index)
        upkeep = Upkeep(
            desk=desk,
            pins=Pins(database),
            question_file=QuestionFile(database),
            versions=Versions(
                ArticleStore(HARBOUR, tmp_path / "versions"),
                tmp_path / "versions",
                max_versions=1,
                max_bytes=1,
            ),
            report=lambda _trouble: None,
            try_again_s=1,
        )
        session = Session(desk, Journal(database), LocalRecords(database), gaps, upkeep, runner)

        def type_lines(*lines: str, in_colour: bool = False, per_minute: int = 0) -> list[str]:
            monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
            shown = io.StringIO()
            monkeypatch.setattr(sys, "stdout", shown)
            console = Console(
                file=shown, width=72, force_terminal=in_colour, color_system="standard" if in_colour else None
            )
            Conversation(
                session,
                open_keyboard(console, tmp_path / "log.history", 1),
                console,
                catalogues=CATALOGUES,
                examples=Examples({"en": (CRANES,)}),
                allowance=Allowance(questions_per_minute=per_minute, exempt_ids=()),
                limit=5,
            ).run()
            return shown.getvalue().split("> ")

        yield type_lines
        runner.run(database.close())


def test_conversation_shows_the_best_passage_and_others_on_demand(talk: Talk) -> None:
    _welcome, card, more, rest, end, sources, _bye = talk(
        CRANES, "/more", "/more", "/more", "/sources", "/quit"
    )
    assert card.startswith(
        f"1. {SEVEN}\n   Harbour Post · Mar 1, 2025 · in English\n   https://post.example.org"
    )
    assert "   Also in: Vikavisa\n" in card
    assert "2. " not in card
    assert card.endswith("/more · /context\n")
    assert more.startswith("2. ")
    assert "\n6. " in more
    assert rest.startswith("7. ")
    assert rest.endswith("\n/context\n")
    assert end == phrases.say("terminal.nothing-more") + "\n"
    assert "Vikavisa · Mar 4, 2025 · in Norwegian\n  https://avis.example.no/vik\n" in sources


def test_conversation_shows_the_sentences_around(talk: Talk) -> None:
    first, second, none, word = talk(CRANES, "/context", "/context 2", "/context 99", "/context x")[2:6]
    assert " ".join(first.split()).startswith(f"1. The harbour of Vik was opened in 1898. {SEVEN} Every")
    assert second.startswith("2. ")
    assert none == word
    assert none.startswith("The answer has passages 1 to ")


def test_conversation_marks_the_clause_that_answers(talk: Talk) -> None:
    assert "\x1b[1mThe harbour has seven cranes\x1b[0m, and" in talk(CRANES, in_colour=True)[1]


CLAUSE = "The harbour has seven cranes"
LONG = f"{CLAUSE}, and the oldest of them"


@pytest.mark.parametrize(
    ("reading", "heading", "bold"),
    [
        ({"short": "seven cranes"}, "seven cranes", "seven cranes"),
        ({"short": "seven cranes", "answers": 0.5, "certainty": 0.99}, "seven cranes", "seven cranes"),
        # The reader is not sure of the words, does not believe that the passage answers, or has named more
        # than a glance takes in.
        ({"short": "seven cranes", "answers": 0.9, "certainty": 0.98}, None, CLAUSE),
        ({"short": "seven cranes", "answers": 0.4}, None, CLAUSE),
        ({"short": LONG, "answers": 0.9}, None, LONG),
        ({"short": None, "answers": 0.9}, None, CLAUSE),
    ],
)
def test_answer_begins_with_the_words_that_answer_if_they_are_sure_and_few(
    reading: dict[str, Any], heading: str | None, bold: str
) -> None:
    index = HarbourIndex(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))
    desk = Desk(index, lambda _progress: index, load_small_talk(), LanguageDetector)
    answer = desk.ask(CRANES, limit=3)
    best, *further = answer.hits
    answer = replace(answer, hits=(replace(best, **reading), *further))
    shown = io.StringIO()
    console = Console(file=shown, width=72, force_terminal=True, color_system="standard")
    print_answer(console, answer, phrases, (), 1)
    described = json.loads(describe_answer(answer))
    assert described["short"] == reading["short"]
    begins, number, passage = shown.getvalue().partition("\x1b[2m1. \x1b[0m")
    assert number
    assert begins == (f"\x1b[1m{heading}\x1b[0m\n" if heading else "")
    assert f"\x1b[1m{bold}\x1b[0m" in passage


def print_plainly(answer: Answer) -> str:
    shown = io.StringIO()
    print_answer(Console(file=shown, width=72), answer, phrases, (), count_shown(answer))
    return shown.getvalue()


@pytest.fixture
def answer() -> Answer:
    """Return an answer to a question, with passages that nothing has read."""
    index = HarbourIndex(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))
    desk = Desk(index, lambda _progress: index, load_small_talk(), LanguageDetector)
    return desk.ask(CRANES, limit=6)


def read(answer: Answer, *believed: float) -> Answer:
    """Let a reader have read the first passages of an answer."""
    hits = [replace(hit, answers=one) for hit, one in zip(answer.hits, believed, strict=False)]
    return replace(answer, hits=(*hits, *answer.hits[len(hits) :]))


def test_answer_leaves_out_what_the_reader_does_not_believe_to_answer(answer: Answer) -> None:
    assert "\n2. " not in print_plainly(read(answer, 0.9, 0.4, 0.9))
    shown = print_plainly(read(answer, 0.9, 0.9, 0.9, 0.9))
    assert "\n3. " in shown
    assert "\n4. " not in shown


def test_answer_to_two_questions_has_both(answer: Answer) -> None:
    first, second, *others = answer.hits
    parts = (replace(first, short="seven cranes"), replace(second, short=second.passage.text.split()[0]))
    shown = print_plainly(replace(answer, hits=(*parts, *others), leads=2))
    assert shown.startswith("seven cranes\n1. ")
    assert f"\n{parts[1].short}\n2. " in shown
    one_missing = print_plainly(replace(answer, unanswered="Who built them?"))
    assert one_missing.endswith(phrases.say("answer.part-missing", question="Who built them?") + "\n")


def test_refusal_quotes_a_near_miss_as_such(answer: Answer) -> None:
    shown = print_plainly(replace(answer, kind=AnswerKind.NOT_FOUND, is_near=True))
    said, *quoted = shown.splitlines()
    assert said == phrases.say("not-found-near")
    assert quoted[0].startswith("“The harbour has seven cranes")
    assert quoted[-1] == "— The harbour of Vik"


def test_conversation_refuses_without_quoting(talk: Talk) -> None:
    _welcome, not_found, more, context, _end = talk(PIZZA, "/more", "/context")
    nearest, *offered = not_found.splitlines()
    assert nearest.startswith(phrases.say("not-found-nearest"))
    assert "http" not in not_found
    assert offered == [phrases.say("example.offer"), f"   {CRANES}"]
    assert more == context == phrases.say("terminal.nothing-more") + "\n"


def test_conversation_tells_more_of_the_answer_just_before(talk: Talk) -> None:
    _welcome, nothing_yet, _card, more, rest, nothing_left, after, _end = talk(
        "tell me more", CRANES, "tell me more", "tell me more", "tell me more", "/more"
    )
    asked = phrases.say("small-talk.tell_me_more") + "\n"
    assert nothing_yet == nothing_left == asked
    assert more.startswith("2. ")
    assert rest.startswith("7. ")
    assert after == phrases.say("terminal.nothing-more") + "\n"


def test_conversation_says_what_it_cannot_show(talk: Talk) -> None:
    _welcome, more, context, thanks, context_of_thanks, _end = talk(
        "/more", "/context", "thanks!", "/context"
    )
    nothing = phrases.say("terminal.nothing-more") + "\n"
    assert more == context == context_of_thanks == nothing
    assert thanks == phrases.say("small-talk.thanks") + "\n"


def test_conversation_names_unknown_commands(talk: Talk) -> None:
    _welcome, near, far, _end = talk("/contxt 2", "/zzz")
    assert near == phrases.say("terminal.unknown-command", command="/contxt", nearest="/context") + "\n"
    assert far == phrases.say("unknown-command") + "\n"


@pytest.mark.parametrize("word", ["exit", "quit", "/exit", "/Quit"])
def test_conversation_ends_with_a_word(talk: Talk, word: str) -> None:
    assert len(talk(word, CRANES)) == 2


@pytest.mark.parametrize("word", ["help", "/help", "Help"])
def test_conversation_explains_its_commands(talk: Talk, word: str) -> None:
    assert " ".join(talk(word)[1].split()) == phrases.say("terminal.help")


def test_conversation_has_the_limits_of_telegram(talk: Talk) -> None:
    _welcome, long, answer, refused, again, _end = talk("x" * 1001, CRANES, PIZZA, PIZZA, per_minute=1)
    assert long == phrases.say("question.too-long", limit=1000) + "\n"
    assert answer.startswith("1. ")
    assert " ".join(refused.split()) == phrases.say("question.too-many", count=1)
    assert again == refused


def test_conversation_reads_the_articles_again(talk: Talk) -> None:
    report = talk("/reload")[1]
    assert report.startswith(phrases.say("reload.begun") + "\n")
    assert phrases.say("reload.unchanged") in report


def test_conversation_forgets_when_that_is_confirmed(talk: Talk, tmp_path: Path) -> None:
    def count() -> int:
        with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection:
            return int(connection.execute("SELECT count(*) FROM exchanges").fetchone()[0])

    asked = talk(CRANES, PIZZA, "/forget")[3]
    assert " ".join(asked.split()) == phrases.say("terminal.forget")
    assert count() == 2
    forgotten = talk("/forget yes")[1]
    assert " ".join(forgotten.split()) == phrases.say("terminal.forgotten", count=2)
    assert count() == 0


def test_conversation_quotes_nothing_to_what_is_not_a_question(talk: Talk) -> None:
    # "help" is a command in the terminal.
    listed = [
        one
        for one in tomllib.loads((DATA / "not_questions.toml").read_text("utf-8"))["not_question"]
        if one["text"] != "help"
    ]
    _welcome, *told = talk(*(one["text"] for one in listed))
    meant = [phrases.say(f"small-talk.{one['meaning']}") for one in listed]
    assert [" ".join(one.split()) for one in told[: len(meant)]] == meant


def test_conversation_in_a_language_from_the_right_shows_no_marks(talk: Talk) -> None:
    _welcome, chosen, help_shown, card, _end = talk("/language ar", "/help", CRANES, "/quit")
    arabic = CATALOGUES["ar"]
    assert chosen == arabic.say("terminal.language") + "\n"
    assert " ".join(help_shown.split()) == arabic.say("terminal.help").replace("\u200e", "")
    assert not set("\u200e\u200f\ufffd") & set(card)


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
        (None, "terminal"), (CRANES, "terminal"), (None, "terminal"), (None, "terminal"),
    ]  # fmt: skip
