"""Raw texts become article files, with nothing lost and nothing invented."""

from datetime import date

import pytest

from bot.corpus.importing import RawTextError, import_article

RAW = """
Three results
The world , the Convention (of Hanoi ) . And more.

Last line.
Source: https://example.org/news/the-convention-20251026162213266.htm



Comment (0)
"""


def english(_text: str) -> str:
    return "en"


def test_importing_keeps_the_words_and_drops_the_noise() -> None:
    article = import_article(RAW, english, outlet="The Example")
    assert article.name == "the-convention-20251026162213266"
    assert article.missing == ()
    assert article.content == (
        '+++\nlanguage = "en"\nsource = "https://example.org/news/the-convention-20251026162213266.htm"\n'
        'outlet = "The Example"\npublished = 2025-10-26\n+++\n\n'
        "Three results\n\nThe world, the Convention (of Hanoi). And more.\n\nLast line.\n"
    )


def test_importing_tells_the_language_of_the_original() -> None:
    article = import_article(RAW, english, original="vi")
    assert article.content.startswith('+++\nlanguage = "en"\noriginal = "vi"\nsource = ')


@pytest.mark.parametrize("label", ["Kilde: ", "Source : ", "Sumber:", "Quelle: ", "出典：", ""])
def test_importing_knows_a_source_line_in_any_language(label: str) -> None:
    article = import_article(f"Text.\n{label}https://example.org/x\nKommentar (12)\n", english)
    assert 'source = "https://example.org/x"' in article.content
    assert article.content.endswith("+++\n\nText.\n")
    assert article.missing == ("outlet", "published")


def test_importing_keeps_text_below_the_source_line() -> None:
    article = import_article(
        "Text.\nSource: https://example.org/x\nA correction was added (see above).\n", english
    )
    assert article.content.endswith("Text.\n\nA correction was added (see above).\n")


def test_importing_keeps_french_spaces() -> None:
    article = import_article("Une phase : la paix , enfin !\nSource : https://example.org/x\n", english)
    assert article.content.endswith("Une phase : la paix, enfin !\n")


def test_importing_takes_the_date_that_is_given() -> None:
    assert import_article(RAW, english, published=date(2024, 1, 2)).published == date(2024, 1, 2)


@pytest.mark.parametrize("number", ["10393040", "20251399", "120251026"])
def test_importing_takes_no_number_for_a_date(number: str) -> None:
    assert import_article(f"Text.\nSource: https://example.org/x-{number}.html", english).published is None


@pytest.mark.parametrize("raw", ["", "Only text.", "Source: https://example.org/x\nComment (0)"])
def test_importing_refuses_what_is_no_article(raw: str) -> None:
    with pytest.raises(RawTextError):
        import_article(raw, english)
