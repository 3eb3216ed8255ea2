"""Questions to learn from, and the texts that answer them, out of the folders they lie in.

READING holds ``news-sentences.jsonl.gz``, ``news-questions.jsonl.gz`` and the other collections,
XQUAD the files of XQuAD-R, one a language. Nothing of it is kept in this project. What is the same
sentence in another language has the same ``group``. Which articles are learned from, chosen by or
measured on stands in ``split.toml``; XQuAD's articles at odd positions are never read here but to
measure, nor are articles of the other collections that have the title of one of them.
"""

import gzip
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from bot.corpus.sentences import split_sentences
from bot.model import Article, Earlier, Passage, Question
from bot.search.clauses import find_clauses
from bot.search.leaning import join_earlier
from bot.search.semantic import plan_texts

SPLIT_FILE = Path(__file__).with_name("split.toml")
WRITTEN = Path(__file__).with_name("written")
"""Articles and questions that were written for this project, to be learned from."""
NEWS = "news"
XQUAD = "xquad"
NEWS_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "es", "ru", "sv", "da", "pt", "ja", "zh", "ar")
QUESTION_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "es", "ru")
XQUAD_LANGUAGES = ("de", "en", "es", "tr", "vi")
"""The languages of XQuAD that choose and measure; what is learned from is in more (``load_sources``)."""
LEARNED_XQUAD_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "vi", "zh")
WITNESS = "tr"
"""A language that is never learned from, so that it shows what becomes of those without questions."""

SOURCES = {
    NEWS: "NTREX-128 (github.com/MicrosoftTranslator/NTREX), CC BY-SA 4.0; questions made for it",
    XQUAD: "XQuAD-R (github.com/google-research-datasets/lareqa), even articles, CC BY-SA 4.0",
    "norquad": "NorQuAD (ltgoslo/NorQuAD), CC0",
    "piaf-fr": "PIAF (etalab-ia/piaf), MIT",
    "squad2-dev-en": "SQuAD 2.0, dev, XQuAD's even articles, CC BY-SA 4.0",
    "tydiqa-goldp": "TyDi QA, gold passage, Apache-2.0",
    "mlqa-dev-vi-en": "MLQA, dev, CC BY-SA 3.0",
    "facqa-id": "FacQA (IndoNLU), MIT",
    "jaquad": "JaQuAD, a part, CC BY-SA 3.0",
    "swequad-mc": "SweQuAD-MC, CC BY 4.0",
    "drcd": "DRCD (DRCKnowledgeTeam/DRCD), dev and test, CC BY-SA 3.0",
    "cmrc2018": "CMRC 2018 (ymcui/cmrc2018), dev and trial, CC BY-SA 4.0",
    "written": "tests/learning/written: questions about news, and articles with questions; CC BY-SA 4.0",
}
"""What is learned from, where it comes from, and its licence as found there."""

_SENTENCES = "news-sentences.jsonl.gz"
_QUESTIONS = "news-questions.jsonl.gz"

_PHRASES = (
    "at least|at most|on average|au moins|au plus|au cours|à partir|en cours|en train|en raison|en faveur"
    "|i dag|i går|i fjor"
)
# The collections' answers begin behind such a word, those of ``written/`` with it; fixed phrases keep it.
_LEADING = {
    language: re.compile(rf"(?!{_PHRASES})(?:{words}) (?=\S)")
    for language, words in {
        "en": "in|on|at|from|by",
        "nb": "i|på|fra|av|ved",
        "fr": "à|en|au|aux|dans|de|par|sur",
        "id": "di|pada|dari|oleh",
        "de": "in|im|am|an|auf|von|vom|aus|zu|zum|zur",
        "vi": "vào|tại|ở|từ|trong",
    }.items()
}

UNWELCOME_TITLES = frozenset({"华沙", "芝加哥大學", "蒸汽机", "Đại học Harvard"})
"""What collections in other languages call articles that XQuAD has at odd positions: Warsaw, the University
of Chicago, steam engine, Harvard University."""

COLLECTIONS = tuple(name for name in SOURCES if name not in {NEWS, XQUAD, "written"})
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence, and ``context``: the same after the last words of the one before.

    ``before`` is the group of that one, ``NOBODY`` if there is none. ``place`` is the article.
    """

    group: int
    before: int
    language: str
    sentence: str
    context: str
    place: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, in one language or several; ``answers`` are groups, the best first.

    ``spans``: in each language that is known the words that answer, as places in the best sentence.
    ``nearest``: the group of what seems to answer a question that nothing answers, if that is known.
    """

    source: str
    place: str
    questions: dict[str, str]
    answers: tuple[int, ...]
    spans: dict[str, tuple[int, int]]
    nearest: int | None = None


@dataclass(slots=True)
class Material:
    """Texts by group and language, the groups of each article, the languages it is in, the questions."""

    texts: dict[tuple[int, str], Text] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    groups: int = 0

    def add_place(self, place: str, language: str, sentences: list[str], first: int | None = None) -> int:
        """Add an article in one language; return the group of its first sentence."""
        if first is None:
            first = self.groups
            self.groups += len(sentences)
            self.places.setdefault(place, []).extend(range(first, self.groups))
        self.languages[place] = (*self.languages.get(place, ()), language)
        article = Article(place, language, f"https://example.org/{place}", "", None, None, (), "")
        passages = [Passage(article, sentence, 0, number) for number, sentence in enumerate(sentences)]
        contexts = plan_texts(passages).contexts
        for number, (sentence, context) in enumerate(zip(sentences, contexts, strict=True)):
            group = first + number
            before = group - 1 if number else NOBODY
            self.texts[group, language] = Text(group, before, language, sentence, context, place)
        return first

    def find_answer(self, asked: Asked, language: str) -> Text:
        """Return the best text that answers, in a language that the question's article is in."""
        return next(self.texts[group, language] for group in asked.answers if (group, language) in self.texts)

    def find_others(self, asked: Asked, language: str) -> list[Text]:
        """Return the texts of the question's article that do not answer, in a language."""
        return [
            self.texts[group, language]
            for group in self.places[asked.place]
            if group not in asked.answers and (group, language) in self.texts
        ]


@dataclass(frozen=True, slots=True)
class Split:
    """Which articles choose and which measure; all others are learned from."""

    choose_news: frozenset[str]
    measure_news: frozenset[str]
    choose_xquad: frozenset[str]


def load_split(path: Path = SPLIT_FILE) -> Split:
    """Read the lists."""
    table = tomllib.loads(path.read_text("utf-8"))
    return Split(
        frozenset(table["news"]["choose"]),
        frozenset(table["news"]["measure"]),
        frozenset(table["xquad"]["choose"]),
    )


def load_news(folder: Path, documents: frozenset[str] | None = None) -> Material:
    """Read the news with the questions that came with it; of some articles only if they are named."""
    return _read_news([folder], documents)


def load_all_news(folder: Path, documents: frozenset[str]) -> Material:
    """Read articles with all questions about them, also those that were written for this project."""
    return _read_news([folder, WRITTEN], documents)


def list_written_articles() -> frozenset[str]:
    """Return the names of the articles that were written for this project."""
    return frozenset(row["doc"] for row in read_rows(WRITTEN / _SENTENCES))


def _read_news(folders: Sequence[Path], documents: frozenset[str] | None) -> Material:
    material = Material()
    lines = read_lines(folders, documents)
    groups: dict[tuple[str, int], int] = {}
    sentences: dict[int, dict[str, Any]] = {}
    for document, rows in lines.items():
        first = None
        for language in NEWS_LANGUAGES:
            if language in rows[0]:
                first = material.add_place(document, language, [row[language] for row in rows], first)
        assert first is not None
        for number, row in enumerate(rows):
            groups[document, row["line"]] = first + number
            sentences[first + number] = row
    for folder in folders:
        for row in read_rows(folder / _QUESTIONS):
            if row["doc"] in lines:
                leading = _LEADING if folder == WRITTEN else {}
                material.asked.append(_read_asked(row, groups, sentences, leading))
    return material


def read_lines(folders: Sequence[Path], documents: frozenset[str] | None) -> dict[str, list[dict[str, Any]]]:
    """Read the lines of each article, in their order, as they are in the files of some folders."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in chain.from_iterable(read_rows(folder / _SENTENCES) for folder in folders):
        if documents is None or row["doc"] in documents:
            lines.setdefault(row["doc"], []).append(row)
    for rows in lines.values():
        rows.sort(key=lambda row: int(row["line"]))
    return lines


def _read_asked(
    row: dict[str, Any],
    groups: dict[tuple[str, int], int],
    sentences: dict[int, dict[str, Any]],
    leading: Mapping[str, re.Pattern[str]],
) -> Asked:
    """Read a question; of the words that answer, what ``leading`` matches at their beginning is left out."""
    answers = tuple(groups[row["doc"], line] for line in row.get("lines", ()))
    spans = {}
    for language, words in (row.get("spans") or {}).items() if answers else ():
        start = sentences[answers[0]][language].find(words)
        if start >= 0 and words:
            lead = leading[language].match(words) if language in leading else None
            spans[language] = (start + (lead.end() if lead else 0), start + len(words))
    nearest = groups[row["doc"], row["nearest"]] if "nearest" in row else None
    questions = _join_follow_up(row) if "earlier" in row else row["q"]
    return Asked(NEWS, row["doc"], questions, answers, spans, nearest)


def _join_follow_up(row: dict[str, Any]) -> dict[str, str]:
    """Write a follow-up as the bot reads it: after the question before and the words that answered that."""
    earlier = row["earlier"]
    answers = [earlier["spans"][language] for language in sorted(earlier["spans"])]
    return {
        language: join_earlier(
            Earlier(earlier["q"][language], answers[number % len(answers)]), Question(words, language)
        )
        for number, (language, words) in enumerate(sorted(row["q"].items()))
    }


def load_xquad(
    folder: Path, titles: frozenset[str], languages: tuple[str, ...] = XQUAD_LANGUAGES
) -> Material:
    """Read some of XQuAD's articles; each paragraph is a place.

    A paragraph may have more sentences in one language than in another, so each language has groups
    of its own, and a question has an answer in each.
    """
    material = Material()
    asked: dict[str, tuple[str, dict[str, str], list[int], dict[str, tuple[int, int]]]] = {}
    names = [entry["title"] for entry in _read_xquad(folder, "en")]
    for language in languages:
        for name, entry in zip(names, _read_xquad(folder, language), strict=True):
            if name not in titles:
                continue
            for number, paragraph in enumerate(entry["paragraphs"]):
                place = f"xquad/{name}/{number}"
                sentences = [sentence.strip() for sentence in paragraph["sentences"]]
                first = material.add_place(place, language, sentences)
                for item in paragraph["qas"]:
                    answer = item["answers"][0]
                    breaks = paragraph["sentence_breaks"]
                    at = next(
                        at for at, (begin, end) in enumerate(breaks) if begin <= answer["answer_start"] < end
                    )
                    known = asked.setdefault(item["id"], (place, {}, [], {}))
                    known[1][language] = item["question"]
                    known[2].append(first + at)
                    span = _place_span(sentences[at], paragraph["context"], answer, breaks[at][0])
                    if span:
                        known[3][language] = span
    for place, questions, groups, spans in asked.values():
        material.asked.append(Asked(XQUAD, place, questions, tuple(groups), spans))
    return material


def list_xquad_titles(folder: Path) -> tuple[list[str], list[str]]:
    """Return the titles at even and those at odd positions."""
    names = [entry["title"] for entry in _read_xquad(folder, "en")]
    return names[::2], names[1::2]


def load_collection(folder: Path, name: str, unwelcome: frozenset[str]) -> Material:
    """Read one of the other collections, without the articles that have an unwelcome title."""
    material = Material()
    firsts: dict[tuple[str, str], int] = {}
    cut: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in read_rows(folder / f"{name}.jsonl.gz"):
        if simplify_title(row["title"] or "") in unwelcome:
            continue
        context, language = row["context"], row["lang"]
        key = (context, language)
        if key not in cut:
            cut[key] = list(_cut(context, language))
            if not cut[key]:
                continue
            place = f"{name}/{len(firsts)}"
            firsts[key] = material.add_place(place, language, [text for _, text in cut[key]])
        if key not in firsts:
            continue
        place = material.texts[firsts[key], language].place
        if not row["answers"]:
            answer: tuple[int, tuple[int, int] | None] | None = None
        else:
            answer = _find_answer(cut[key], row["answers"][0])
            if answer is None:
                continue
        material.asked.append(
            Asked(
                name,
                place,
                {row.get("qlang", language): row["question"]},
                (firsts[key] + answer[0],) if answer else (),
                {language: answer[1]} if answer and answer[1] else {},
            )
        )
    return material


def _find_answer(
    sentences: list[tuple[int, str]], answer: dict[str, Any]
) -> tuple[int, tuple[int, int] | None] | None:
    """Return the number of the sentence that answers, and where in it the words are, if all are in it."""
    for number, (start, sentence) in enumerate(sentences):
        begin = answer["start"] - start
        if 0 <= begin < len(sentence):
            end = begin + len(answer["text"])
            return number, (begin, end) if end <= len(sentence) else None
    return None


def simplify_title(title: str) -> str:
    """Write a title as it can be compared."""
    return title.replace("_", " ").strip().casefold()


def find_answer_clause(text: Text, span: tuple[int, int] | None) -> str:
    """Return the clause that has the answer, or the whole sentence where that is not known."""
    if span is None:
        return text.sentence
    fitting = [
        (start, end) for start, end in find_clauses(text.sentence) if start <= span[0] and span[1] <= end
    ]
    if not fitting:
        return text.sentence
    start, end = min(fitting, key=lambda found: abs(found[0] + found[1] - span[0] - span[1]))
    return text.sentence[start:end]


def _cut(context: str, language: str) -> Iterator[tuple[int, str]]:
    """Cut a context into sentences, each with its place."""
    at = 0
    for line in context.splitlines():
        for sentence in split_sentences(line.strip(), language):
            # Where pieces were joined again, white space between them may have changed.
            found = context.find(sentence, at)
            start = found if found >= 0 else context.find(sentence[:8], at)
            if start < 0:
                continue
            at = start + (len(sentence) if found >= 0 else 8)
            if found >= 0:
                yield start, sentence


def _place_span(sentence: str, context: str, answer: dict[str, Any], start: int) -> tuple[int, int] | None:
    lead = len(context[start:]) - len(context[start:].lstrip())
    begin = answer["answer_start"] - start - lead
    end = begin + len(answer["text"])
    return (begin, end) if sentence[begin:end] == answer["text"] else None


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read a compressed file of one JSON object a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _read_xquad(folder: Path, language: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / f"{language}.json").read_text("utf-8"))["data"]
    return found
