"""Terms and BM25: what one word is, and that the scores are rank-bm25's."""

import math
from collections.abc import Iterable

import pytest

from bot.model import Article, Passage
from bot.search.analysis import extract_terms, split_words
from bot.search.lexical import LexicalRanking


def passages(*texts: str, language: str = "en") -> list[Passage]:
    article = Article("a", language, "https://example.org", "Example", None, None, texts, "0")
    return [Passage(article, text, 0, position) for position, text in enumerate(texts)]


@pytest.mark.parametrize("figure", ["2500", "2 500", "2.500", "2,500", "2\u00a0500", "2\u202f500", "2'500"])
def test_terms_of_a_figure_are_one_however_it_is_grouped(figure: str) -> None:
    assert split_words(f"over {figure} delegates") == ["over", "2500", "delegates"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,234,567 and 3.14", ["1234567", "and", "3.14"]),
        ("3,14", ["3.14"]),
        ("71 articles, 9 chapters.", ["71", "articles", "9", "chapters"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("cafe\u0301", ["café"]),
        ("第9章", ["第", "9", "章"]),
        ("署名しました", ["署名", "名し", "しま", "まし", "した"]),
        ("<b>&amp;</b>", ["b", "amp", "b"]),
        ("", []),
    ],
)
def test_terms_are_folded_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ("country", "Countries")),
        ("nb", ("konvensjonen", "konvensjoner")),
        ("de", ("Artikel", "Artikeln")),
        ("fr", ("signés", "signée")),
        ("id", ("menandatangani", "penandatanganan")),
    ],
)
def test_terms_of_word_forms_are_one(language: str, forms: Iterable[str]) -> None:
    assert len({tuple(extract_terms(form, language)) for form in forms}) == 1


def test_terms_of_a_language_without_a_stemmer_are_its_words() -> None:
    assert extract_terms("các quốc gia", "vi") == ["các", "quốc", "gia"]


def test_lexical_scores_are_bm25_okapi_by_hand() -> None:
    # Two passages of three and one of six terms: average length 4, k1 = 1.5, b = 0.75.
    ranking = LexicalRanking(passages("red fox ran", "blue fox slept", "grey hen saw grey hen run"))
    idf = math.log(3 - 1 + 0.5) - math.log(1 + 0.5)
    once = idf * 1 * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 3 / 4))
    twice = idf * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 6 / 4))
    assert ranking.score("red").tolist() == pytest.approx([once, 0, 0])
    assert ranking.score("grey").tolist() == pytest.approx([0, 0, twice])


def test_lexical_finds_nothing_telling_in_foreign_words() -> None:
    ranking = LexicalRanking(
        passages("red fox ran", "blue fox slept", "a hen sat", "the fox left", "the end")
    )
    assert ranking.has_telling_term("hens?")
    assert not ranking.has_telling_term("pizza tomorrow")
    assert not ranking.has_telling_term("fox")


@pytest.mark.parametrize("texts", [(), ("…",), ("…", "!")])
def test_lexical_index_may_hold_no_term(texts: tuple[str, ...]) -> None:
    ranking = LexicalRanking(passages(*texts))
    assert ranking.score("fox").tolist() == [0.0] * len(texts)
    assert not ranking.has_telling_term("fox")
