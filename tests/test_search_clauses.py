"""Clauses: what of a sentence is embedded on its own, and what is shown in bold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.search.clauses import find_clauses, find_units
from bot.search.highlight import choose_highlight, find_clause_around

LONG = (
    "At the closing session of the conference in the capital, the minister told the delegates of "
    "119 countries that more than 2 500 people had come, which nobody had expected before it began."
)


def _cut(text: str) -> list[str]:
    return [text[start:end] for start, end in find_clauses(text)]


def test_clauses_of_a_short_sentence_are_one() -> None:
    assert _cut("Seventy-two countries signed.") == ["Seventy-two countries signed."]


def test_clauses_end_at_punctuation() -> None:
    assert _cut("The treaty has nine chapters and articles; it was written in five long years.") == [
        "The treaty has nine chapters and articles;",
        "it was written in five long years.",
    ]


def test_clauses_that_are_short_join_their_neighbour() -> None:
    assert _cut("However, the treaty has nine chapters now.") == [
        "However, the treaty has nine chapters now."
    ]


def test_clauses_that_are_long_are_read_through_windows() -> None:
    clauses = _cut(" ".join(f"w{number}" for number in range(100, 125)))
    assert all(len(clause.split()) == 10 for clause in clauses)
    assert clauses[0].startswith("w100")
    assert clauses[-1].endswith("w124")


def test_clauses_do_not_cut_figures() -> None:
    text = "1 2 " * 7 + "2 500 people came and saw it all and went home again that day"
    assert all(("2 500" in clause) or ("500" not in clause) for clause in _cut(text))


def test_clauses_of_scripts_without_spaces_are_cut_too() -> None:
    assert (
        len(
            _cut(
                "国連のサイバー犯罪条約の署名式がベトナムの首都ハノイで開かれ、七十二か国の代表が条約に署名した。"
            )
        )
        > 1
    )


@given(st.text())
def test_clauses_are_spans_of_any_text(text: str) -> None:
    for start, end in find_clauses(text):
        assert text[start:end].strip()


@pytest.mark.parametrize("figure", ["119 countries", "2 500 people"])
def test_highlight_is_a_run_of_words_around_the_nearest_clause(figure: str) -> None:
    spans = find_clauses(LONG)
    scores = np.array([figure in LONG[start:end] for start, end in spans], np.float32)
    highlight = choose_highlight(LONG, spans, scores)
    assert highlight is not None
    assert figure in highlight
    assert highlight in LONG
    assert len(find_units(highlight, (0, len(highlight)))) <= 12


@pytest.mark.parametrize("figure", ["119", "2 500"])
def test_highlight_is_where_the_reader_takes_the_answer_to_be(figure: str) -> None:
    spans = find_clauses(LONG)
    shares = [(LONG.index(figure), 1.0)]
    highlight = choose_highlight(LONG, spans, np.zeros(len(spans), np.float32), shares)
    assert highlight is not None
    assert figure in highlight


@pytest.mark.parametrize("figure", ["119 countries", "2 500"])
@pytest.mark.parametrize("elsewhere", [0, len(LONG) - 1])
def test_highlight_holds_the_words_that_are_sure(figure: str, elsewhere: int) -> None:
    spans = find_clauses(LONG)
    start = LONG.index(figure)
    scores = np.zeros(len(spans), np.float32)
    highlight = choose_highlight(LONG, spans, scores, [(elsewhere, 1.0)], (start, start + len(figure)))
    assert highlight is not None
    assert figure in highlight
    assert len(find_units(highlight, (0, len(highlight)))) <= 12


@pytest.mark.parametrize("words", ["119 countries", "2 500"])
def test_clause_around_words_holds_them_and_is_one_of_the_clauses(words: str) -> None:
    start = LONG.index(words)
    found = find_clause_around(LONG, (start, start + len(words)))
    assert words in LONG[slice(*found)]
    assert found in find_clauses(LONG)


def test_clause_around_words_of_several_clauses_holds_all_of_these() -> None:
    assert find_clause_around(LONG, (2, len(LONG) - 2)) == (0, len(LONG))


def test_highlight_of_a_short_passage_is_the_passage() -> None:
    assert choose_highlight("Three results.", [], np.zeros(0, np.float32)) == "Three results."


def test_highlight_of_nothing_is_none() -> None:
    assert choose_highlight("…", [], np.zeros(0, np.float32)) in {None, "…"}
