"""Links to translations are made from the owner's template, and never too long for a button."""

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.chat.cards.translation_links import TranslationLinks
from bot.settings import Settings

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
