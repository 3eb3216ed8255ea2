"""How well vectors find what answers: on news and XQuAD's articles that are not learned from.

Cosine alone, none of the bot's other signals. News: each article in a language drawn by seed, all
in one corpus, questions in eight languages. XQuAD: sentences; own and other language rank within
one language, mAP ranks all languages together. Ties count half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.search.clauses import find_clauses
from tests.learning.e5 import PASSAGE, QUESTION
from tests.learning.material import Asked, Material
from tests.learning.news import NEWS_LANGUAGES, QUESTION_LANGUAGES
from tests.learning.sources import WITNESS

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Texts with their prefix in, vectors of length 1 out."""

SEED = 1


@dataclass(frozen=True, slots=True)
class NewsCorpus:
    """The news as one corpus: the group of each passage, its views, and the questions as they are asked."""

    groups: NDArray[np.intp]
    sentences: list[str]
    contexts: list[str]
    clauses: list[str]
    owners: NDArray[np.intp]
    questions: list[tuple[str, Asked]]


def make_news_corpus(material: Material, languages_each: int = len(QUESTION_LANGUAGES)) -> NewsCorpus:
    """Draw a language for each article, and so many for each question."""
    draw = np.random.default_rng(SEED)
    groups: list[int] = []
    sentences, contexts, clauses = [], [], []
    owners: list[int] = []
    for place in sorted(material.places):
        language = str(draw.choice(NEWS_LANGUAGES[: len(QUESTION_LANGUAGES)]))
        for group in material.places[place]:
            text = material.texts[group, language]
            for start, end in find_clauses(text.sentence):
                clauses.append(text.sentence[start:end])
                owners.append(len(groups))
            groups.append(group)
            sentences.append(text.sentence)
            contexts.append(text.context)
    questions = []
    for asked in material.asked:
        chosen = draw.permutation(sorted(asked.questions))[:languages_each]
        questions += [(asked.questions[language], asked) for language in chosen]
    return NewsCorpus(np.array(groups), sentences, contexts, clauses, np.array(owners), questions)


def measure_news(corpus: NewsCorpus, embed: Embed, *, with_clauses: bool = False) -> dict[str, float]:
    """Return Hit@1 and Hit@3 by view and by their sum; near: how often an answered question is nearer."""
    asked = embed([QUESTION + text for text, _ in corpus.questions])
    scores = {
        "sentence": asked @ embed([PASSAGE + text for text in corpus.sentences]).T,
        "context": asked @ embed([PASSAGE + text for text in corpus.contexts]).T,
    }
    if with_clauses:
        pieces = asked @ embed([PASSAGE + text for text in corpus.clauses]).T
        starts = np.unique(corpus.owners, return_index=True)[1]
        scores["clause"] = np.maximum.reduceat(pieces, starts, axis=1)
    is_answered = np.array([bool(found.answers) for _, found in corpus.questions])
    right = np.array([np.isin(corpus.groups, found.answers) for _, found in corpus.questions])
    best = scores["context"].max(axis=1)
    figures = {"near": compare(best[is_answered], best[~is_answered])}
    scores["all"] = np.sum(list(scores.values()), axis=0)
    for view, table in scores.items():
        places = place_best(table[is_answered], right[is_answered])
        figures |= {f"{view}@1": float((places < 1).mean()), f"{view}@3": float((places < 3).mean())}
    return figures


def place_best(scores: Floats, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the place of the best right one of each row, from 0; among equals half of them."""
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    wrong = np.where(right, -np.inf, scores)
    return np.asarray((wrong > best).sum(axis=1) + (wrong == best).sum(axis=1) / 2)


def compare(higher: Floats, lower: Floats) -> float:
    """Return how often one of the first is above one of the second (AUROC)."""
    return float((higher[:, None] > lower).mean() + (higher[:, None] == lower).mean() / 2)


def measure_xquad(material: Material, embed: Embed, questions: int | None = None) -> dict[str, float]:
    """Return own and other language, the language never learned from, and mAP over all."""
    draw = np.random.default_rng(SEED)
    keys = sorted(material.texts, key=lambda key: (key[1], key[0]))
    groups = np.array([group for group, _ in keys])
    languages = np.array([language for _, language in keys])
    passages = embed([PASSAGE + material.texts[key].sentence for key in keys])
    asked = [(language, found) for found in material.asked for language in sorted(found.questions)]
    if questions:
        asked = [asked[number] for number in draw.permutation(len(asked))[:questions]]
    scores = embed([QUESTION + found.questions[language] for language, found in asked]) @ passages.T
    places: dict[str, list[float]] = {"own": [], "other": [], "witness": []}
    precisions = []
    for (language, found), row in zip(asked, scores, strict=True):
        right = np.isin(groups, found.answers)
        for other in sorted(set(languages)):
            among = languages == other
            place = float(place_best(row[None, among], right[None, among])[0])
            places["own" if other == language else "other"].append(place)
            if other != language and WITNESS in {other, language}:
                places["witness"].append(place)
        order = np.argsort(-row, kind="stable")
        found_at = np.flatnonzero(right[order]) + 1
        precisions.append(float((np.arange(1, len(found_at) + 1) / found_at).mean()))
    figures = {"mAP": float(np.mean(precisions))}
    for name, values in places.items():
        figures |= {f"{name}@{k}": float((np.array(values) < k).mean()) for k in (1, 3)}
    return figures


def describe(figures: dict[str, float]) -> str:
    """Write figures in one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
