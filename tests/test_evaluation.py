"""The evaluation: what counts as right where passages are merged, and among equal scores."""

from itertools import permutations
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from bot.evaluation.measurement import ask_all, find_failures, measure
from bot.evaluation.questions import EvaluationError, KnownQuestion, read_questions
from bot.evaluation.ties import Place, find_place, measure_average_precision
from bot.search.index import CorpusIndex
from tests.search_corpora import WordEncoder, make_corpus

QUESTION = '[[question]]\nid = "a"\nlanguage = "en"\nquestion = "When?"\nunanswerable = true\n'
SENTENCES = ("Seventy states signed.", "The fox ran.", "The hen slept.", "It rained.")


def _ask(text: str, *facts: str) -> KnownQuestion:
    return KnownQuestion(id=text, language="en", question=text, facts=facts)


def test_place_among_equals_is_expected_over_all_their_orders() -> None:
    for is_right in ([True, False, False, False], [True, True, False, False], [True] * 4):
        ranks = [order.index(True) + 1 for order in permutations(is_right)]
        place = find_place([5.0, *[1.0] * 4, 0.5], [False, *is_right, True])
        assert place is not None
        assert place.rank == pytest.approx(1 + fmean(ranks))
        assert place.reciprocal_rank == pytest.approx(fmean(1 / (1 + rank) for rank in ranks))
        for limit in range(7):
            assert place.hit_within(limit) == pytest.approx(fmean(1 + rank <= limit for rank in ranks))


def test_place_without_equals_is_its_rank() -> None:
    place = find_place([3.0, 2.0, 1.0], [False, True, True])
    assert place == Place(above=1)
    assert (place.rank, place.reciprocal_rank, place.hit_within(1), place.hit_within(2)) == (2, 0.5, 0, 1)
    assert find_place([3.0], [False]) is None


def test_average_precision_among_equals_is_expected_over_all_their_orders() -> None:
    scores = np.array([9, 4, 4, 4, 4, 1, 1], np.float32)
    right = [0, 2, 3, 6]
    found: list[float] = []
    for middle in permutations([1, 2, 3, 4]):
        for last in permutations([5, 6]):
            hits = np.isin([0, *middle, *last], right)
            found.append(float((np.cumsum(hits) / np.arange(1, 8))[hits].mean()))
    assert measure_average_precision(scores, right) == pytest.approx(fmean(found))


def test_evaluation_does_not_count_a_tie_as_a_hit() -> None:
    # BM25 alone finds no word of the question: all scores are 0, and the first is no better than the last.
    index = CorpusIndex.build(make_corpus(en=SENTENCES))
    results = ask_all([_ask("pizza", "Seventy"), _ask("sushi", "rained")], index)
    figures = measure(results)
    assert figures.ranking.hit_at_1 == pytest.approx(1 / 4)
    assert figures.ranking.hit_at_3 == pytest.approx(3 / 4)
    assert figures.ranking.mrr == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert find_failures(results) == results


def test_evaluation_ranks_statements_by_the_passage_that_is_shown() -> None:
    corpus = make_corpus(en=SENTENCES, de=("Siebzig Staaten unterzeichneten.", "Es gab Suppe."))
    meanings = {"siebzig": "seventy", "staaten": "states", "unterzeichneten": "signed"}
    index = CorpusIndex.build(corpus, WordEncoder(meanings))
    shown, merged = ask_all(
        [_ask("seventy states signed", "Seventy"), _ask("seventy states", "Siebzig")], index
    )
    assert shown.place == Place(above=0)
    assert merged.findings.hits[0].also
    assert merged.place is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question = 3", "has to be a list of [[question]] tables"),
        ("", "holds no [[question]]"),
        ('[[question]]\nid = "a"\nlanguage = "en"\nquestion = "When?"', "question a:  needs facts"),
        (QUESTION, "question a: the id comes twice"),
        (f"{QUESTION}switch = true", "has full or switch"),
        (f'{QUESTION}earlier = ""', "question a: earlier"),
    ],
)
def test_evaluation_names_the_mistake_in_a_file_of_questions(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "known.toml"
    file.write_text(content if content != QUESTION else QUESTION * 2, "utf-8")
    with pytest.raises(EvaluationError) as caught:
        read_questions(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
