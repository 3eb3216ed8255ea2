"""XQuAD and the other collections that come in SQuAD's form: paragraphs, cut into sentences here.

XQUAD holds the files of XQuAD-R, one a language; READING a file for each of the other collections.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.corpus.sentences import split_sentences
from tests.learning.material import Asked, Material
from tests.learning.rows import read_rows

XQUAD = "xquad"
XQUAD_LANGUAGES = ("de", "en", "es", "tr", "vi")
"""The languages of XQuAD that choose and measure; what is learned from is in more (``sources``)."""


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


def _read_xquad(folder: Path, language: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / f"{language}.json").read_text("utf-8"))["data"]
    return found
