"""Terms and BM25: what one word is, and that the scores are rank-bm25's."""

import math
from collections.abc import Iterable

import numpy as np
import pytest

from bot.search.analysis import extract_terms, find_figures, split_words, stem_words
from bot.search.bm25 import TermIndex
from bot.search.lexical import LexicalRanking
from bot.search.translation import WordMemory
from tests.search_corpora import WordEncoder, make_corpus


@pytest.mark.parametrize(
    "figure", ["2500", "2 500", "2.500", "2,500", "2\u00a0500", "2\u202f500", "2'500", "٢٬٥٠٠", "२५००"]
)
def test_terms_of_a_figure_are_one_however_it_is_grouped(figure: str) -> None:
    assert split_words(f"over {figure} delegates") == ["over", "2500", "delegates"]
    assert find_figures(f"over {figure} delegates") == {"2500"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,234,567 and 3.14", ["1234567", "and", "3.14"]),
        ("3,14", ["3.14"]),
        ("71 articles, 9 chapters.", ["71", "articles", "9", "chapters"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("cafe\u0301", ["café"]),
        ("İSTANBUL", ["istanbul"]),
        ("देशों ने", ["देशों", "ने"]),
        ("٣٫١٤", ["3.14"]),
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


@pytest.mark.parametrize("language", ["en", "vi"])
def test_terms_of_words_that_are_cut_already_are_those_of_the_text(language: str) -> None:
    text = "The countries’ 12,345.678 delegates 署名 in 2 500"
    assert stem_words(split_words(text), language) == extract_terms(text, language)


def _score(index: TermIndex, count: int, **terms: float) -> list[float]:
    scores = np.zeros(count, np.float32)
    index.add_best(terms, scores)
    return scores.tolist()


def test_lexical_scores_are_bm25_plus_by_hand() -> None:
    # Two documents of three and one of six terms: average length 4, k1 = 1.5, b = 0.75, delta = 1.
    documents = [
        ["red", "fox", "ran"],
        ["blue", "fox", "slept"],
        ["grey", "hen", "saw", "grey", "hen", "run"],
    ]
    index = TermIndex(np.array([4, 5, 6]), documents)
    once = math.log(4 / 1) * (1 + 1 * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 3 / 4)))
    twice = math.log(4 / 1) * (1 + 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 6 / 4)))
    assert _score(index, 7, red=1.0) == pytest.approx([0, 0, 0, 0, once, 0, 0])
    assert _score(index, 7, grey=0.5) == pytest.approx([0, 0, 0, 0, 0, 0, twice / 2])


def test_lexical_synonyms_count_once() -> None:
    index = TermIndex(np.array([0, 1]), [["nation", "country"], ["nation", "town"]])
    both = _score(index, 2, nation=0.5, country=1.0)
    assert both[0] == pytest.approx(_score(index, 2, country=1.0)[0])
    assert both[1] == pytest.approx(_score(index, 2, nation=0.5)[1])


@pytest.mark.parametrize("texts", [(), ("…",), ("…", "!")])
def test_lexical_index_may_hold_no_term(texts: tuple[str, ...]) -> None:
    ranking = LexicalRanking(make_corpus(en=texts).passages, None)
    assert ranking.score(["fox"], "en").words.tolist() == [0.0] * len(texts)


def test_lexical_question_is_read_in_every_language_of_the_corpus() -> None:
    ranking = LexicalRanking(
        make_corpus(en=("The countries signed.",), nb=("Konvensjonen består.",)).passages, None
    )
    assert ranking.score(["country"], "vi").words.tolist()[0] > 0
    assert ranking.score(["konvensjoner"], "vi").words.tolist()[1] > 0


def test_lexical_scores_say_what_the_words_could_reach() -> None:
    ranking = LexicalRanking(make_corpus(en=("red fox", "red hen"), de=("roter fuchs",)).passages, None)
    # "red" is in two of two English passages and in no German one, "fox" in one of the two.
    assert ranking.score(["red"], "en").reachable == pytest.approx(math.log(2))
    assert ranking.score(["red", "fox"], "en").reachable == pytest.approx(math.log(2) + math.log(3))


def test_word_memory_forgets_what_was_asked_longest_ago() -> None:
    encoder = WordEncoder()
    memory = WordMemory(encoder, ["fox"], encoder.embed_questions(["fox"]), most_remembered=2)
    for words in (["red", "blue"], ["red"], ["grey"], ["red", "fox"]):
        memory.embed(words)
    assert encoder.embedded == ["fox", "red", "blue", "grey"]
    memory.embed(["blue"])
    assert encoder.embedded[-1] == "blue"
