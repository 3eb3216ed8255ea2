"""A pinned passage comes first for questions of its meaning, and for no others."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot.chat.upkeep import Upkeep
from bot.cli.app import app
from bot.cli.assembly.desk import make_desk
from bot.corpus.articles import load_corpus
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.journal.audit import SHELL
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.journal.pins import Pins
from bot.journal.question_file import QuestionFile
from bot.model import Answer, AnswerKind, Exchange, Origin, Question
from bot.search.encoder import Vectors
from bot.search.index import CorpusIndex
from bot.search.pins import Pin
from tests.chat_bot import MAX_ARTICLE_BYTES
from tests.harbour import CRANES, HARBOUR, SEVEN

RED = "Every spring the cranes are painted red."
PIZZA = Question("best pizza recipe", "en")


@pytest.fixture(scope="module")
def index() -> CorpusIndex:
    return CorpusIndex.build(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))


def pin(text: str, *questions: Question, article: str = "vik") -> Pin:
    return Pin(text, article, text, questions)


def test_pinned_passage_comes_first_and_is_sure(index: CorpusIndex) -> None:
    pinned = index.with_pins([pin(RED, PIZZA)])
    findings = pinned.search(PIZZA, 3)
    first, *others = findings.hits
    assert (first.passage.text, first.is_pinned) == (RED, True)
    assert (findings.confidence, findings.is_answer, len(findings.hits)) == (1.0, True, 3)
    assert not any(hit.is_pinned or hit.passage == first.passage for hit in others)
    assert first.score >= others[0].score
    assert not index.search(PIZZA, 3).is_answer


def test_pinned_passage_that_is_found_anyway_is_shown_once(index: CorpusIndex) -> None:
    question = Question(CRANES, "en")
    assert SEVEN in [hit.passage.text for hit in index.search(question, 5).hits]
    shown = index.with_pins([pin(RED, question)]).search(question, 5).hits
    assert [hit.passage.text for hit in shown].count(RED) == 1
    assert shown[0].passage.text == RED
    assert SEVEN in [hit.passage.text for hit in shown]


def test_other_questions_are_answered_as_without_pins(index: CorpusIndex) -> None:
    pinned = index.with_pins([pin(RED, PIZZA)])
    for words in (CRANES, "Who is the harbour master?", "pizza"):
        question = Question(words, "en")
        assert pinned.search(question, 5) == index.search(question, 5)


def test_pin_whose_passage_has_gone_is_named_and_does_nothing(index: CorpusIndex) -> None:
    gone = pin("The cranes are blue.", PIZZA)
    moved = pin(RED, Question("Who paints them?", "en"), article="elsewhere")
    pinned = index.with_pins([gone, moved])
    assert pinned.gone_pins == (gone,)
    assert not pinned.search(PIZZA, 3).is_answer
    assert pinned.search(Question("who paints them", "en"), 3).hits[0].is_pinned


class CountingEncoder:
    """Embeds texts at random, always the same way, and keeps the questions."""

    name = "counting"
    dimension = 8

    def __init__(self) -> None:
        self.questions: list[str] = []

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        self.questions += texts
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([np.random.default_rng(list(text.encode())).normal(size=8) for text in texts]).astype(
            np.float32
        )


def test_reload_embeds_no_pinned_question_anew() -> None:
    encoder = CountingEncoder()
    corpus = load_corpus(HARBOUR, MAX_ARTICLE_BYTES)

    def load(_progress: object = None) -> CorpusIndex:
        return CorpusIndex.build(corpus, encoder)

    desk = make_desk(load(), load)
    desk.pin([pin(RED, PIZZA)])
    assert encoder.questions.count(PIZZA.text) == 1
    desk.reload()
    kittens = Question("kittens for sale", "en")
    desk.pin([pin(RED, PIZZA), pin(SEVEN, kittens)])
    desk.reload()
    assert [encoder.questions.count(each.text) for each in (PIZZA, kittens)] == [1, 1]
    assert desk.ask(PIZZA.text, language="en", limit=1).hits[0].is_pinned


async def test_start_embeds_no_pinned_question_anew_until_it_is_erased(tmp_path: Path) -> None:
    corpus = load_corpus(HARBOUR, MAX_ARTICLE_BYTES)
    passage = next(each for each in corpus.passages if each.text == RED)
    database = Database(tmp_path / "log.sqlite")
    await database.open()
    pins, journal = Pins(database), Journal(database)
    answer = Answer(PIZZA, AnswerKind.NOT_FOUND, 0.1, (), "abc123", 9.0)
    exchange = Exchange(datetime.now(UTC), Origin.TELEGRAM, answer, user_id=7, chat_id=7)
    journal.record(exchange)
    await journal.flush()
    assert await pins.add([exchange.key], passage, SHELL)

    embedded = []
    for _start in range(2):
        encoder = CountingEncoder()
        index = CorpusIndex.build(corpus, encoder)
        desk = make_desk(index, partial(CorpusIndex.build, corpus, encoder, None))
        versions = Versions(
            ArticleStore(HARBOUR, tmp_path / "v"), tmp_path / "v", max_versions=1, max_bytes=1
        )
        file = QuestionFile(database)
        upkeep = Upkeep(
            desk=desk, pins=pins, question_file=file, versions=versions, report=print, try_again_s=1
        )
        await upkeep.begin()
        assert desk.ask(PIZZA.text, language="en", limit=1).hits[0].is_pinned
        embedded.append(encoder.questions.count(PIZZA.text))
    # The second start has only embedded the question that was asked.
    assert embedded == [2, 1]
    (vector,) = (await pins.read_vectors("counting")).values()
    assert await pins.read_vectors("another") == {}
    await PersonalRecords(database, 1).forget(7)
    assert await pins.read_vectors("counting") == {}
    await database.close()
    assert vector.astype(np.float16).tobytes() not in (tmp_path / "log.sqlite").read_bytes()


def test_pins_are_shown_and_taken_back_in_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "log.sqlite"
    monkeypatch.setenv("BOT_DATABASE", str(file))
    monkeypatch.setenv("BOT_CORPUS", str(HARBOUR))
    monkeypatch.setenv("BOT_ENCODER", "none")
    shell = CliRunner()

    def run(*words: str) -> list[dict[str, object]]:
        done = shell.invoke(app, [*words, "--json"])
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert run("gaps") == run("pins") == []
    (refused,) = run("ask", PIZZA.text)
    assert (refused["answered"], refused["pinned"]) == (False, False)
    (gap,) = run("gaps")
    assert (gap["times"], gap["languages"], gap["latest"]) == (1, ["en"], PIZZA.text)

    async def add() -> None:
        database = Database(file)
        await database.open()
        passages = load_corpus(HARBOUR, MAX_ARTICLE_BYTES).passages
        passage = next(each for each in passages if each.text == RED)
        assert await Pins(database).add([str(gap["key"])], passage, SHELL)
        await database.close()

    asyncio.run(add())
    (answered,) = run("ask", PIZZA.text)
    assert (answered["answered"], answered["pinned"], answered["confidence"]) == (True, True, 1.0)
    assert run("gaps") == []
    (kept,) = run("pins")
    assert (kept["text"], kept["in_use"]) == (RED, True)
    unknown = shell.invoke(app, ["pins", "--take-back", "nothing"])
    assert unknown.exit_code == 1
    assert "there is no pin with the key nothing" in unknown.output
    assert run("pins", "--take-back", str(kept["key"])) == []
    assert run("ask", PIZZA.text)[0]["pinned"] is False
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT act, origin FROM acts").fetchall() == [
            ("pinned", "terminal"),
            ("unpinned", "terminal"),
        ]
