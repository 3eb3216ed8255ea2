"""Links to translations are made from the owner's template, and never too long for a button."""

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.chat.cards.answer_card import Page
from bot.chat.cards.keyboards import Card, Keyboards
from bot.chat.cards.markup import EMPTY
from bot.chat.cards.translation_links import TranslationLinks
from bot.model import Answer, AnswerKind, Article, Hit, Passage, Question
from bot.settings import Settings
from bot.wording.examples import Examples
from tests.chat_bot import phrases

TEMPLATE = "https://translate.example.org/{from}/{to}?q={text}"


def test_translation_link_carries_text_and_languages() -> None:
    link = TranslationLinks(TEMPLATE).link("Sju kraner & én mann? 50% {to}", "nb", "en")
    assert link is not None
    parts = urlsplit(link)
    assert (parts.path, parse_qs(parts.query)) == ("/nb/en", {"q": ["Sju kraner & én mann? 50% {to}"]})


@pytest.mark.parametrize(
    ("template", "text", "reader"),
    [("", "Sju kraner.", "en"), (TEMPLATE, "Sju kraner.", "nb"), (TEMPLATE, "\0 ", "en")],
)
def test_translation_link_is_left_out_where_there_is_nothing_to_translate(
    template: str, text: str, reader: str
) -> None:
    assert TranslationLinks(template).link(text, "nb", reader) is None


def test_translation_link_of_a_long_text_carries_its_beginning() -> None:
    link = TranslationLinks(TEMPLATE).link("Công ước " * 1000, "vi", "en")
    assert link is not None
    assert 1800 < len(link) <= 2000
    (text,) = parse_qs(urlsplit(link).query)["q"]
    assert text.startswith("Công ước Công ước")
    assert text.endswith("ước…")


def test_translation_link_is_left_out_where_the_template_leaves_no_room() -> None:
    template = f"https://translate.example.org/{'x' * 2000}?q={{text}}"
    assert TranslationLinks(template).link("Sju kraner.", "nb", "en") is None


def test_translation_link_by_default_uses_the_codes_of_google() -> None:
    links = TranslationLinks(Settings.model_fields["translate_url"].default)
    assert links.link("Sju.", "nb", "fr") == (
        "https://translate.google.com/?sl=no&tl=fr&text=Sju.&op=translate"
    )


def find_translations(*languages: str, reads: tuple[str, ...], template: str = TEMPLATE) -> list[list[str]]:
    """Return the rows of buttons with a link below an answer whose passages are in these languages."""
    hits = tuple(
        Hit(passage(f"Text {number}.", language), 1.0, answers=0.9)
        for number, language in enumerate(languages)
    )
    answer = Answer(Question("?", "en"), AnswerKind.ANSWER, 1.0, hits, "abc", 1.0)
    keyboards = Keyboards(translation=TranslationLinks(template), examples=Examples({}))
    card = Card("abcdefghijk", answer, phrases, reads=reads)
    rows = keyboards.for_page(card, Page(EMPTY, 0, len(hits)))
    linked = [[f"{one.text} {one.url}" for one in row if one.url] for row in rows]
    return [row for row in linked if row]


def passage(words: str, language: str) -> Passage:
    return Passage(Article("a", language, "https://example.org", "Example", None, None, (), ""), words, 0, 0)


def test_translate_is_one_button_for_each_language_that_is_not_read() -> None:
    site = "https://translate.example.org"
    assert find_translations("fr", "de", "fr", "en", "vi", reads=("en", "vi")) == [
        [
            f"Translate French {site}/fr/en?q=Text%200.%0A%0AText%202.",
            f"Translate German {site}/de/en?q=Text%201.",
        ]
    ]
    assert find_translations("fr", "fr", reads=("en",)) == [
        [f"Translate {site}/fr/en?q=Text%200.%0A%0AText%201."]
    ]
    # The first language that is read is the one to translate into; without any, that of the bot's texts.
    assert find_translations("fr", "en", reads=("vi", "en")) == [[f"Translate {site}/fr/vi?q=Text%200."]]
    assert find_translations("fr", "en", reads=()) == [[f"Translate {site}/fr/en?q=Text%200."]]


def test_translate_is_offered_for_four_languages_two_in_a_row_and_only_where_needed() -> None:
    rows = find_translations("fr", "de", "nb", "id", "vi", reads=("en",))
    assert [[button.partition(" https")[0] for button in row] for row in rows] == [
        ["Translate French", "Translate German"],
        ["Translate Norwegian", "Translate Indonesian"],
    ]
    assert find_translations("fr", "de", reads=("de", "fr")) == []
    assert find_translations("fr", "de", reads=("en",), template="") == []
