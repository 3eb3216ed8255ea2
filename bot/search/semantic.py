"""The semantic ranking: how near a question's vector is to each passage's vectors.

A passage is seen three ways: the sentence; its clauses, of which the best counts (a long sentence
dilutes what one of its clauses says); and the sentence after the words before it (a sentence that
says "it" or "they" leaves its subject there). All are discounted for being hubs. Passages are
compared with each other without what their language adds to a vector; with a question they are
compared as they are, because the encoder has learned that its language is not a reason. It does not
weigh the three: ``ranking`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.model import Passage
from bot.search.centring import LanguageMeans, measure_hubness
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

    ``raw`` is the cosine without a discount; the confidence judges by it how near anything is.
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
        discounts_hubs: bool = True,
    ) -> None:
        """Take ``vectors``: those of the sentences, then of the clauses, then of the contexts."""
        self._languages = [passage.article.language for passage in passages]
        count = len(passages)
        self.texts = texts
        self._owners = np.array(texts.owners, dtype=np.intp)
        self._sentences, self._clauses, self._contexts = np.split(
            vectors, [count, count + len(texts.clauses)]
        )
        self._means = LanguageMeans(self._sentences, self._languages)
        rows = np.arange(count)
        if discounts_hubs and count > 1:
            self._sentence_hubness = measure_hubness(self._sentences, rows, self._sentences)
            self._clause_hubness = measure_hubness(self._clauses, self._owners, self._sentences)
            self._context_hubness = measure_hubness(self._contexts, rows, self._sentences)
        else:
            self._sentence_hubness = self._context_hubness = np.zeros(count, np.float32)
            self._clause_hubness = np.zeros(len(self._owners), np.float32)
        # The clauses of a passage stand together; these are the passages with clauses, and where they start.
        self._with_clauses, self._starts = np.unique(self._owners, return_index=True)

    def score(self, question: Vectors) -> SemanticScores:
        """Compare a question's vector, of length 1 and shape (dimension,), with every passage."""
        raw = self._sentences @ question
        sentence = raw - self._sentence_hubness
        clauses = self._clauses @ question - self._clause_hubness
        best = sentence.copy()
        if len(self._starts):
            best[self._with_clauses] = np.maximum.reduceat(clauses, self._starts)
        return SemanticScores(
            sentence=sentence,
            clause=best,
            context=self._contexts @ question - self._context_hubness,
            raw=raw,
            clauses=clauses,
        )

    def centre(self, question: Vectors, language: str) -> Vectors:
        """Take out of a question's vector what its language adds, to compare it with other questions."""
        return self._means.centre_word(question, language)

    def find_clauses(self, number: int) -> NDArray[np.intp]:
        """Return the numbers of a passage's clauses; none if it is one clause itself."""
        return np.arange(*np.searchsorted(self._owners, (number, number + 1)))

    def centre_sentences(self) -> Vectors:
        """Return the sentences' vectors without what their language adds; shape (passages, dimension)."""
        return self._means.centre(self._sentences, self._languages)

    def find_clause(self, number: int, highlight: str | None) -> Vectors:
        """Return the centred vector of the clause that holds most of the highlight, or of the sentence."""
        clause = self._choose_clause(number, highlight)[None]
        return np.asarray(self._means.centre(clause, [self._languages[number]])[0])

    def _choose_clause(self, number: int, highlight: str | None) -> Vectors:
        clauses = self.find_clauses(number)
        if not len(clauses) or not highlight:
            return np.asarray(self._sentences[number])
        start = self.texts.sentences[number].find(highlight)
        overlaps = [
            min(stop, start + len(highlight)) - max(begin, start)
            for begin, stop in (self.texts.spans[clause] for clause in clauses)
        ]
        return np.asarray(self._clauses[clauses[int(np.argmax(overlaps))]])
