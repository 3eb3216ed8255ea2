"""The cards of a hundred test questions in six languages, kept under ``tests/data/cards/questions``.

They are what somebody sees who asks in the language of their Telegram: text, with **bold**, and buttons.
``UPDATE_CARDS=1 pytest tests/test_chat_question_cards.py`` writes them anew after the reading, the ranking
or the layout has changed; then read them. The figures about all of them are printed with ``-s``.
"""

import os
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chat.cards.answer_card import render_answer
from bot.chat.cards.keyboards import Card, Keyboards
from bot.chat.cards.translation_links import TranslationLinks
from bot.cli.assembly.desk import make_desk
from bot.cli.index_loading import IndexLoader
from bot.evaluation.questions import KnownQuestion, read_questions
from bot.sandbox.limits.composing import compose
from bot.sandbox.limits.entities import utf16_slice
from bot.settings import PROJECT, Settings
from bot.wording.examples import load_examples
from tests.chat_bot import CATALOGUES, TRANSLATE_URL
from tests.phone import is_on_screen

CARDS = Path(__file__).parent / "data" / "cards" / "questions"
QUESTIONS = Path(__file__).parent / "data" / "questions_test.toml"
LANGUAGES = ("de", "en", "fr", "id", "nb", "vi")
COUNT = 100
FOUND = 10
SHOWN = 5


@dataclass(frozen=True)
class Shown:
    """A card: the question, the text, the same with marks for bold, and the labels of its buttons."""

    known: KnownQuestion
    is_answered: bool
    text: str
    marked: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def bold(self) -> str:
        """What is bold above the source of the first passage."""
        return " ".join(re.findall(r"\*\*(.+?)\*\*", self.marked.partition("\n—")[0], re.DOTALL))


def choose_questions() -> list[KnownQuestion]:
    """Return the first questions of the six languages, and of each subject that the articles lack."""
    spoken = [known for known in read_questions(QUESTIONS) if known.language in LANGUAGES]
    unanswerable = [known for known in spoken if known.unanswerable]
    answerable = [known for known in spoken if not known.unanswerable]
    return [*answerable[: COUNT - len(unanswerable)], *unanswerable]


@pytest.fixture(scope="module")
def cards() -> list[Shown]:
    loader = IndexLoader(Settings())
    desk = make_desk(loader.load(None), loader.load)
    keyboards = Keyboards(
        translation=TranslationLinks(TRANSLATE_URL), examples=load_examples(PROJECT / "config/examples.toml")
    )
    shown = []
    for known in choose_questions():
        answer = desk.ask(known.question, language=known.language, limit=FOUND)
        phrases = CATALOGUES[known.language]
        page = render_answer(answer, phrases, SHOWN)
        rows = keyboards.for_page(Card("abcdefghijk", answer, phrases), page)
        message = compose(page.content.html, "HTML", None, too_long="too long")
        bold = [entity for entity in message.entities if entity["type"] == "bold"]
        marked, at = "", 0
        for entity in bold:
            end = entity["offset"] + entity["length"]
            marked += utf16_slice(message.text, at, entity["offset"] - at)
            marked += f"**{utf16_slice(message.text, entity['offset'], entity['length'])}**"
            at = end
        marked += utf16_slice(message.text, at, len(message.text.encode("utf-16-le")) // 2 - at)
        labels = tuple(tuple(button.text for button in row) for row in rows)
        shown.append(Shown(known, answer.is_answered, message.text, marked, labels))
    return shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_cards_of_questions_look_as_they_did(cards: list[Shown], language: str) -> None:
    described = "\n".join(describe(card) for card in cards if card.known.language == language)
    path = CARDS / f"{language}.txt"
    if os.environ.get("UPDATE_CARDS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(described, "utf-8")
    assert described == path.read_text("utf-8")


def describe(card: Shown) -> str:
    buttons = "\n".join(" ".join(f"[{label}]" for label in row) for row in card.rows)
    return f"=== {card.known.question}\n\n{card.marked}\n\n{buttons}\n\n"


def test_cards_are_seen_at_once_on_a_phone(cards: list[Shown]) -> None:
    share = statistics.mean(is_on_screen(card.text, len(card.rows)) for card in cards)
    median = statistics.median(len(card.text) for card in cards)
    print(f"\n{len(cards)} cards: {share:.0%} within a screen, median {median:.0f} characters")  # noqa: T201
    assert len(cards) == COUNT
    assert share >= 0.95
    assert median <= 600


def test_cards_show_the_answer_in_bold(cards: list[Shown]) -> None:
    answerable = [card for card in cards if card.known.facts]
    share = statistics.mean(
        card.is_answered
        and any(re.search(fact, card.bold, re.IGNORECASE | re.DOTALL) for fact in card.known.facts)
        for card in answerable
    )
    print(f"\nThe words that answer are bold in {share:.0%} of {len(answerable)} cards")  # noqa: T201
    assert share >= 0.49


def test_cards_of_refusals_show_no_bold_and_one_vote(cards: list[Shown]) -> None:
    refusals = [card for card in cards if not card.is_answered]
    assert refusals
    for card in refusals:
        assert "**" not in card.marked
        assert len(card.rows[-1]) == 1
        assert card.rows[-1][0].startswith("👎")
