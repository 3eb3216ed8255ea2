"""Headings are told from sentences when an article is cut, and never come first unasked."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.corpus.articles import load_corpus
from bot.corpus.headings import find_headings
from bot.model import Corpus, Question
from bot.search.index import CorpusIndex
from bot.search.signals import Parts
from tests.chat_bot import ARTICLES, MAX_ARTICLE_BYTES, write_article
from tests.search_corpora import WordEncoder

SENTENCES = (["The minister opened the meeting."], ["It rained."], ["They all went home."])

# Language, paragraphs, a question near to the heading, and one that asks for its words. The meanings
# bring the first question near to the heading without a word of it.
CORPORA = [
    (
        "en",
        ("Three consensus results", "The minister named solidarity and trust.", "He left after two days."),
        "Which outcomes agreed?",
        "What are the three consensus results?",
        {"outcomes": "results", "agreed": "consensus"},
    ),
    (
        "de",
        ("Drei gemeinsame Ergebnisse", "Der Minister nannte Vertrauen.", "Er reiste nach zwei Tagen ab."),
        "Welcher Ausgang einvernehmlich?",
        "Was sind die drei gemeinsamen Ergebnisse?",
        {"ausgang": "ergebnisse", "einvernehmlich": "gemeinsame"},
    ),
    (
        "vi",
        ("Ba kết quả đồng thuận", "Bộ trưởng nói về niềm tin.", "Ông rời đi sau hai ngày."),
        "thành tựu chung?",
        "Ba kết quả đồng thuận là gì?",
        {"thành": "kết", "tựu": "quả", "chung": "đồng"},
    ),
    (
        "ru",
        ("Три согласованных результата", "Министр говорил о доверии.", "Он уехал через два дня."),
        "Каковы общие итоги?",
        "Каковы три согласованных результата?",
        {"итоги": "результата", "общие": "согласованных"},
    ),
]


@pytest.mark.parametrize(
    "heading",
    [
        "Three consensus results",
        "2. Together towards the next milestone – the Convention enters into force",
        "Minister for offentlig sikkerhet (Foto: VNA)",
        "下一个里程碑",
        "Was bleibt:",
        "«Et fyrtårn»",
    ],
)
def test_heading_is_short_and_ends_openly(heading: str) -> None:
    assert find_headings([[heading], *SENTENCES]) == {0}


@pytest.mark.parametrize(
    "paragraph",
    [
        "The meeting is over.",
        "He said: “We signed it.”",
        "署名式は終わった。",
        "هل انتهى الاجتماع؟",
        "हस्ताक्षर हो गए।",
        "72 countries signed the Convention",
        "The minister, who had come from the capital, spoke of trust and of what the countries may do now",
    ],
)
def test_sentence_is_no_heading(paragraph: str) -> None:
    assert find_headings([[paragraph], *SENTENCES]) == frozenset()


def test_heading_stands_alone_in_its_paragraph() -> None:
    assert find_headings([["She spoke.", "Then she left"], *SENTENCES]) == frozenset()


def test_text_without_final_punctuation_has_no_headings() -> None:
    assert find_headings([["การประชุมสิ้นสุดลงแล้ว"], ["รัฐมนตรีกลับบ้าน"], ["ฝนตก."]]) == frozenset()


def test_headings_of_the_articles_are_known() -> None:
    corpus = load_corpus(ARTICLES, MAX_ARTICLE_BYTES)
    headings = {passage.text for passage in corpus.passages if passage.is_heading}
    assert "Three consensus results" in headings
    assert len(headings) < len(corpus.passages) / 20


def test_headings_do_not_run_on_into_the_sentences_below_them() -> None:
    passages = load_corpus(ARTICLES, MAX_ARTICLE_BYTES).passages
    checked = 0
    for before, heading, after in zip(passages, passages[1:], passages[2:], strict=False):
        if not heading.is_heading or before.is_heading or after.is_heading:
            continue
        if not before.article == heading.article == after.article:
            continue
        assert heading.text not in before.after + after.before
        assert before.after.startswith(after.text)
        assert after.before.endswith(before.text)
        assert heading.before.endswith(before.text)
        assert heading.after.startswith(after.text)
        checked += 1
    assert checked


@pytest.mark.parametrize(("language", "paragraphs", "near", "asked", "meanings"), CORPORA)
def test_heading_comes_first_only_when_its_words_are_asked_for(  # noqa: PLR0913, PLR0917 - one corpus each
    tmp_path: Path,
    language: str,
    paragraphs: tuple[str, ...],
    near: str,
    asked: str,
    meanings: dict[str, str],
) -> None:
    write_article(tmp_path, "article", "\n\n".join(paragraphs), language=f'"{language}"')
    corpus = load_corpus(tmp_path, MAX_ARTICLE_BYTES)
    # Without translations the words of the question do not count as those of the heading.
    parts = Parts(translation=False)

    def find_first(corpus: Corpus, words: str) -> str:
        index = CorpusIndex.build(corpus, WordEncoder(meanings), parts=parts)
        return index.search(Question(words, language), 3).hits[0].passage.text

    unmarked = replace(
        corpus, passages=tuple(replace(passage, is_heading=False) for passage in corpus.passages)
    )
    assert find_first(unmarked, near) == paragraphs[0]
    assert find_first(corpus, near) in paragraphs[1:]
    assert find_first(corpus, asked) == paragraphs[0]
