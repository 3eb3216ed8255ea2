"""A question that asks two things is split, and both are answered."""

from dataclasses import replace

import pytest

from bot.cli.index_loading import IndexLoader
from bot.model import Article, Findings, Hit, Passage, Question
from bot.search.compound import join_findings, split_question
from bot.search.index import CorpusIndex
from bot.settings import Settings

SEVENTY_TWO = "72"
CHAPTERS = "9 Kapiteln"

TWO = [
    ("en", "How many countries signed and how many chapters are there?"),
    ("en", "How many countries signed the Convention? And how many chapters does it have?"),
    ("nb", "Hvor mange land har signert konvensjonen, og hvor mange kapitler har den?"),
    ("fr", "Combien de pays ont signé la Convention et combien de chapitres compte-t-elle ?"),
    ("de", "Wie viele Länder haben die Konvention unterzeichnet und wie viele Kapitel gibt es?"),
    ("id", "Berapa negara yang menandatangani Konvensi dan berapa bab dalam Konvensi?"),
    ("vi", "Có bao nhiêu quốc gia đã ký Công ước Hà Nội và Công ước gồm bao nhiêu chương?"),
    ("ru", "Сколько стран подписали Конвенцию и сколько в ней глав?"),
    ("es", "¿Cuántos países firmaron el Convenio y cuántos capítulos tiene?"),
    ("ar", "كم دولة وقعت على الاتفاقية وكم فصلا فيها؟"),
    ("zh", "有多少个国家签署了公约，公约有多少章？"),
    ("ja", "何か国が条約に署名し、条約は何章ありますか？"),
]

ONE = [
    ("en", "How many chapters and articles does the Convention have?"),
    ("en", "When and where was the Convention signed?"),
    ("en", "Who signed it and when?"),
    ("en", "How many countries and how many organisations took part?"),
    ("en", "Can you help me with my homework? How many countries signed it?"),
    ("en", "When was it signed, where did it take place and who was there that day?"),
    ("de", "Wie viele Kapitel und wie viele Artikel hat das Übereinkommen?"),
    ("fr", "Combien de pays et de territoires étaient représentés ?"),
    ("id", "Berapa bab dan berapa pasal?"),
    ("vi", "Ai là bộ trưởng và đại biểu Quốc hội?"),
    ("eo", "Kiom da landoj subskribis kaj kiom da ĉapitroj ĝi havas?"),
]


@pytest.mark.parametrize(("language", "text"), TWO)
def test_question_that_asks_two_things_is_split(language: str, text: str) -> None:
    parts = split_question(text, language)
    assert parts is not None
    assert all(part in text for part in parts)


@pytest.mark.parametrize(("language", "text"), ONE)
def test_question_that_asks_one_thing_stays_whole(language: str, text: str) -> None:
    assert split_question(text, language) is None


def find(*texts: str, is_answer: bool = True, confidence: float = 0.8) -> Findings:
    article = Article("a", "en", "https://example.org/a", "A", None, None, (), "")
    hits = tuple(Hit(Passage(article, text, 0, int(text)), 1.0) for text in texts)
    return Findings(hits, confidence, is_answer=is_answer)


def test_joined_findings_begin_with_the_best_of_each_part_and_name_each_passage_once() -> None:
    joined = join_findings(("one?", "two?"), [find("1", "2", "3"), find("4", "1", confidence=0.6)], 10)
    assert joined is not None
    assert [hit.passage.text for hit in joined.hits] == ["1", "4", "2", "3"]
    assert (joined.leads, joined.unanswered, joined.confidence) == (2, None, 0.6)


def test_joined_findings_hold_the_best_of_each_part_whatever_the_limit() -> None:
    leaning = replace(find("4"), is_leaning=True)
    joined = join_findings(("one?", "two?"), [find("1", "2"), leaning], 1)
    assert joined is not None
    assert [hit.passage.text for hit in joined.hits] == ["1", "4"]
    assert joined.is_leaning


def test_joined_findings_tell_which_part_is_not_answered() -> None:
    joined = join_findings(("one?", "two?"), [find("1", is_answer=False), find("4", "5")], 10)
    assert joined is not None
    assert [hit.passage.text for hit in joined.hits] == ["4", "5"]
    assert (joined.leads, joined.unanswered) == (1, "one?")


def test_findings_of_parts_with_the_same_answer_or_none_are_not_joined() -> None:
    assert join_findings(("one?", "two?"), [find("1", "2"), find("1", "3")], 10) is None
    refused = find("1", is_answer=False)
    assert join_findings(("one?", "two?"), [refused, refused], 10) is None


@pytest.fixture(scope="module")
def index() -> CorpusIndex:
    return IndexLoader(Settings()).load(None)


@pytest.mark.parametrize(("language", "text"), TWO[:7])
def test_search_answers_both_questions(index: CorpusIndex, language: str, text: str) -> None:
    findings = index.search(Question(text, language), 5)
    first, second = (hit.passage.text for hit in findings.hits[:2])
    assert (findings.is_answer, findings.leads, findings.unanswered) == (True, 2, None)
    assert SEVENTY_TWO in first
    assert CHAPTERS in second


def test_search_answers_one_question_and_names_the_other(index: CorpusIndex) -> None:
    text = "How many countries signed the Convention and how tall is Mount Everest?"
    findings = index.search(Question(text, "en"), 5)
    assert (findings.leads, findings.unanswered) == (1, "how tall is Mount Everest?")
    assert SEVENTY_TWO in findings.hits[0].passage.text
