"""The cards as they look, kept under ``tests/data/cards``: HTML, plain text and buttons.

``UPDATE_CARDS=1 pytest tests/test_chat_cards.py`` writes them anew; then read what has changed.
"""

import os
from pathlib import Path

import pytest
from telegram import InlineKeyboardButton

from bot.chat.cards.answer_card import render_answer, render_context, render_further
from bot.chat.cards.keyboards import Card, Keyboards
from bot.chat.cards.markup import Markup
from bot.chat.cards.translation_links import TranslationLinks
from bot.corpus.articles import load_corpus
from bot.model import Answer, AnswerKind, Question, SmallTalk, Vote
from bot.wording.examples import Examples
from tests.chat_bot import CATALOGUES, EXAMPLES, MAX_ARTICLE_BYTES, TRANSLATE_URL
from tests.harbour import CRANES, HARBOUR, PIZZA, HarbourIndex

CARDS = Path(__file__).parent / "data" / "cards"
KEY = "abcdefghijk"
CASES = ("answer", "answer-in-another-language", "further", "context", "not-found", "greeting")
LANGUAGES = tuple(sorted(CATALOGUES))


def find_answer(words: str, language: str) -> Answer:
    index = HarbourIndex(load_corpus(HARBOUR, MAX_ARTICLE_BYTES))
    findings = index.search(Question(words, language), 10)
    kind = AnswerKind.ANSWER if findings.is_answer else AnswerKind.NOT_FOUND
    return Answer(Question(words, language), kind, findings.confidence, findings.hits, "abc", 1.0)


def lay_out(case: str, language: str) -> tuple[Markup, list[list[InlineKeyboardButton]]]:
    phrases = CATALOGUES[language]
    keyboards = Keyboards(translation=TranslationLinks(TRANSLATE_URL), examples=Examples(EXAMPLES))
    words = {"answer-in-another-language": "Hvor mange kraner har havna?", "not-found": PIZZA}
    answer = find_answer(words.get(case, CRANES), "en")
    if case == "greeting":
        question = Question("Hello!", "en")
        answer = Answer(question, AnswerKind.SMALL_TALK, 1.0, (), "abc", 1.0, SmallTalk.GREETING)
    card = Card(KEY, answer, phrases, Vote.UP if case == "further" else None)
    if case == "context":
        return render_context(answer, 0, phrases), keyboards.for_context(card, 0)
    page = render_further(answer, 5, phrases, 5) if case == "further" else render_answer(answer, phrases, 3)
    return page.content, keyboards.for_page(card, page)


def describe(content: Markup, rows: list[list[InlineKeyboardButton]]) -> str:
    buttons = [" | ".join(f"[{one.text}] {one.callback_data or one.url}" for one in row) for row in rows]
    return "\n".join([content.html, "", "=== plain ===", content.plain, "", "=== buttons ===", *buttons, ""])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_card_looks_as_it_did(case: str, language: str) -> None:
    shown = describe(*lay_out(case, language))
    path = CARDS / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_CARDS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_buttons_fit_a_phone(language: str) -> None:
    """A phone shows about ten letters on each of three buttons in a row."""
    labels = [CATALOGUES[language].say(f"button.{key}") for key in ("more", "context", "back", "translate")]
    assert all(0 < len(label) <= 12 for label in labels), labels
