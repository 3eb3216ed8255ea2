"""The semantic ranking: how near a question's vector is to each passage's vectors.

A passage is seen three ways: the sentence; its clauses, of which the best counts (a long sentence
dilutes what one of its clauses says); and the sentence after the words before it (a sentence that
says "it" or "they" leaves its subject there). All are centred per language and discounted for
being hubs. It does not weigh the three: ``ranking`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.model import Passage
from bot.search.centring import LanguageMeans, measure_hubness, normalise
from bot.search.clauses import Span, find_clauses, find_units
from bot.search.encoder import Vectors

_CONTEXT_WORDS = 48
_LEAST_CONTEXT_WORDS = 8

Scores = NDArray[np.float32]
"""float32, shape (passages,)."""


@dataclass(frozen=True, slots=True)
class PassageTexts:
    """The texts of a corpus to embed: sentences, clauses (of the sentences ``owners``), contexts."""

    sentences: tuple[str, ...]
    clauses: tuple[str, ...]
    owners: tuple[int, ...]
    spans: tuple[Span, ...]
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SemanticScores:
    """Similarities of one question with every passage; ``clauses`` with every clause.

    ``raw`` is the cosine as the model gives it; the confidence judges by it how near anything is.
    """

    sentence: Scores
    clause: Scores
    context: Scores
    raw: Scores
    clauses: Scores


def plan_texts(passages: Sequence[Passage]) -> PassageTexts:
    """List the texts to embed for the passages."""
    spans = [find_clauses(passage.text) for passage in passages]
    pairs = [(owner, span) for owner, found in enumerate(spans) for span in found if len(found) > 1]
    contexts = [
        f"{before} {passage.text}" if before else passage.text
        for before, passage in zip(find_words_before(passages), passages, strict=True)
    ]
    return PassageTexts(
        sentences=tuple(passage.text for passage in passages),
        clauses=tuple(passages[owner].text[start:end] for owner, (start, end) in pairs),
        owners=tuple(owner for owner, _ in pairs),
        spans=tuple(span for _, span in pairs),
        contexts=tuple(contexts),
    )


def find_words_before(passages: Sequence[Passage]) -> list[str]:
    """Return for each passage the last words of the one before it in its article, or nothing."""
    found = [""] if passages else []
    for before, passage in pairwise(passages):
        is_continued = before.article.id == passage.article.id
        found.append(_tail(before.text, passage.text) if is_continued else "")
    return found


def _tail(before: str, text: str) -> str:
    """Return the last words of the sentence before; fewer if the sentence itself is long."""
    room = max(_LEAST_CONTEXT_WORDS, _CONTEXT_WORDS - len(find_units(text, (0, len(text)))))
    units = find_units(before, (0, len(before)))
    return before[units[-room:][0][0] :] if units else before


class SemanticRanking:
    """The vectors of a corpus, ready to be compared with a question's. Immutable."""

    def __init__(
        self,
        passages: Sequence[Passage],
        texts: PassageTexts,
        vectors: Vectors,
        *,
        is_centred: bool = True,
        discounts_hubs: bool = True,
    ) -> None:
        """Centre ``vectors``: those of the sentences, then of the clauses, then of the contexts."""
        languages = [passage.article.language for passage in passages]
        count = len(passages)
        self.texts = texts
        self._is_centred = is_centred
        self._owners = np.array(texts.owners, dtype=np.intp)
        sentences, clauses, contexts = np.split(vectors, [count, count + len(texts.clauses)])
        self._raw = sentences
        self._means = LanguageMeans(sentences, languages)
        clause_languages = [languages[owner] for owner in texts.owners]
        if is_centred:
            self.sentences = self._means.centre(sentences, languages)
            self.clauses = self._means.centre(clauses, clause_languages)
            self._contexts = LanguageMeans(contexts, languages).centre(contexts, languages)
            probes = self._means.centre_probes(sentences, languages)
        else:
            self.sentences, self.clauses, self._contexts, probes = sentences, clauses, contexts, sentences
        rows = np.arange(count)
        if discounts_hubs and count > 1:
            self._sentence_hubness = measure_hubness(self.sentences, rows, probes)
            self._clause_hubness = measure_hubness(self.clauses, self._owners, probes)
            self._context_hubness = measure_hubness(self._contexts, rows, probes)
        else:
            self._sentence_hubness = self._context_hubness = np.zeros(count, np.float32)
            self._clause_hubness = np.zeros(len(self._owners), np.float32)
        # The clauses of a passage stand together; these are the passages with clauses, and where they start.
        self._with_clauses, self._starts = np.unique(self._owners, return_index=True)

    def score(self, question: Vectors, language: str) -> SemanticScores:
        """Compare a question's vector, shape (dimension,), with every passage."""
        centred = self.centre(question, language)
        sentence = self.sentences @ centred - self._sentence_hubness
        clauses = self.clauses @ centred - self._clause_hubness
        best = sentence.copy()
        if len(self._starts):
            best[self._with_clauses] = np.maximum.reduceat(clauses, self._starts)
        return SemanticScores(
            sentence=sentence,
            clause=best,
            context=self._contexts @ centred - self._context_hubness,
            raw=self._raw @ question,
            clauses=clauses,
        )

    def centre(self, question: Vectors, language: str) -> Vectors:
        """Take the language out of a question's vector, shape (dimension,)."""
        return self._means.centre_question(question, language) if self._is_centred else normalise(question)

    def find_clauses(self, number: int) -> NDArray[np.intp]:
        """Return the numbers of a passage's clauses; none if it is one clause itself."""
        return np.arange(*np.searchsorted(self._owners, (number, number + 1)))

    def find_clause(self, number: int, highlight: str | None) -> Vectors:
        """Return the vector of the clause that holds most of the highlight, or else of the sentence."""
        clauses = self.find_clauses(number)
        if not len(clauses) or not highlight:
            return np.asarray(self.sentences[number])
        start = self.texts.sentences[number].find(highlight)
        overlaps = [
            min(stop, start + len(highlight)) - max(begin, start)
            for begin, stop in (self.texts.spans[clause] for clause in clauses)
        ]
        return np.asarray(self.clauses[clauses[int(np.argmax(overlaps))]])
