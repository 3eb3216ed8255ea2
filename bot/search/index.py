"""The one door to ranking: an immutable index of a corpus, and its search.

A new corpus gets a new index, and so do other pins. Nothing in an index changes except its memory of
embedded words, so searches may run in any thread while another index is being built.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Reading
from bot.model import Corpus, Findings, Hit, Passage, Question
from bot.search.agreement import Agreement
from bot.search.analysis import find_figures, split_words
from bot.search.centring import normalise
from bot.search.clauses import find_units
from bot.search.confidence import judge_confidence
from bot.search.encoder import Encoder, Vectors
from bot.search.grouping import group_equal, group_vectors, load_thresholds
from bot.search.highlight import choose_highlight, find_clause_around
from bot.search.lexical import LexicalRanking
from bot.search.merging import Merging
from bot.search.pins import Pin, PinBoard, Words
from bot.search.ranking import Parameters, load_parameters, weigh_evidence, weigh_readings
from bot.search.reader import Reader
from bot.search.reading import CandidateReading, Readings
from bot.search.semantic import SemanticRanking, plan_texts
from bot.search.signals import ALL_PARTS, Evidence, Parts, gather_evidence
from bot.search.translation import Translator, Vocabulary, WordMemory
from bot.search.vectors import Progress, VectorCache, embed_texts

# Longer questions are clear on their own; reading them twice would take twice as long.
_LEANING_WORDS = 8
# "And when?" means nothing without the question before it; whoever pins that pins both.
_LITTLE_WORDS = 2
# Passages that say the same are shown as one, so more are found than shown.
_FOUND_BEYOND = 20
_SURE_OF_WORDS = 0.4


class CorpusIndex:
    """Every passage of a corpus, ready to be ranked."""

    def __init__(  # noqa: PLR0913 (the parts that build makes)
        self,
        corpus: Corpus,
        *,
        lexical: LexicalRanking,
        semantic: SemanticRanking | None,
        agreement: Agreement | None,
        encoder: Encoder | None,
        reading: CandidateReading | None,
        parameters: Parameters,
        parts: Parts,
    ) -> None:
        """Use ``build``, which makes the parts."""
        self.corpus = corpus
        self._lexical = lexical
        self._semantic = semantic
        self._encoder = encoder
        self._reading = reading
        self._parameters = parameters
        self._parts = parts
        self._languages = np.array([passage.article.language for passage in corpus.passages], dtype=object)
        figures = [find_figures(passage.text) for passage in corpus.passages]
        self._thresholds = load_thresholds()
        self._board = self._lay_out_pins((), {})
        self._merging = None
        if agreement and semantic:
            numbers = {passage.id: number for number, passage in enumerate(corpus.passages)}
            self._merging = Merging(agreement, semantic, numbers, figures)

    @classmethod
    def build(  # noqa: PLR0913 (all but the corpus have defaults)
        cls,
        corpus: Corpus,
        encoder: Encoder | None = None,
        vectors: VectorCache | None = None,
        progress: Progress | None = None,
        *,
        reader: Reader | None = None,
        parameters: Parameters | None = None,
        parts: Parts = ALL_PARTS,
    ) -> "CorpusIndex":
        """Index a corpus; without an encoder, it is ranked by BM25 alone, and nothing is read.

        ``progress`` is told how many texts are embedded.
        """
        parameters = parameters or load_parameters()
        passages = corpus.passages
        if encoder is None or not passages:
            return cls(
                corpus,
                lexical=LexicalRanking(passages, None),
                semantic=None,
                agreement=None,
                encoder=None,
                reading=None,
                parameters=parameters,
                parts=parts,
            )
        texts = plan_texts(passages)
        vocabulary = Vocabulary(passages)
        embedded, words = embed_texts(
            encoder,
            passages=(*texts.sentences, *texts.clauses, *texts.contexts),
            questions=vocabulary.words,
            cache=vectors,
            progress=progress,
        )
        semantic = SemanticRanking(
            passages, texts, embedded, is_centred=parts.centring, discounts_hubs=parts.hubness
        )
        memory = WordMemory(encoder, vocabulary.words, words)
        return cls(
            corpus,
            lexical=LexicalRanking(
                passages, Translator(vocabulary, words, memory) if parts.translation else None
            ),
            semantic=semantic,
            agreement=Agreement(semantic.sentences, [passage.article.language for passage in passages]),
            encoder=encoder,
            reading=CandidateReading(passages, reader) if reader else None,
            parameters=parameters,
            parts=parts,
        )

    @property
    def encoder_name(self) -> str | None:
        """The name of the encoder; vectors of equal names may be compared. None: there is none."""
        return self._encoder.name if self._encoder else None

    @property
    def gone_pins(self) -> tuple[Pin, ...]:
        """The pins whose passages are not in the corpus."""
        return self._board.gone

    def with_pins(self, pins: Sequence[Pin]) -> "CorpusIndex":
        """Return this index with other pins; only those of their questions that are new are embedded."""
        pinned = copy(self)
        pinned._board = self._lay_out_pins(pins, self._board.known)  # noqa: SLF001 - of this class
        return pinned

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Return the vectors of what questions mean; none without an encoder."""
        if self._encoder is None or not questions:
            return np.zeros((0, 0), np.float32)
        encoder = self._encoder
        return np.stack(
            [
                _choose_meaning(question, encoder.embed_questions(_find_asked(question)))
                for question in questions
            ]
        )

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Return the numbers of the questions of each meaning; without vectors, of the same words."""
        if vectors is None or self._semantic is None:
            return group_equal([_split_meaning(question) for question in questions])
        centred = [
            self._semantic.centre(vector, question.language)
            for question, vector in zip(questions, vectors, strict=True)
        ]
        return group_vectors(np.stack(centred), self._thresholds.same_meaning) if centred else []

    def _lay_out_pins(self, pins: Sequence[Pin], known: Mapping[Question, Vectors]) -> PinBoard:
        semantic = self._semantic
        return PinBoard(
            pins,
            self.corpus.passages,
            split=_split_meaning,
            embed=self.embed if self._encoder and semantic else None,
            centre=semantic.centre if semantic else lambda vector, _language: vector,
            threshold=self._thresholds.pinned,
            known=known,
        )

    def search(self, question: Question, limit: int) -> Findings:
        """Return at most ``limit`` statements for a question, best first, each with all its sources."""
        passages = self.corpus.passages
        if not passages or not question.text.strip():
            return Findings((), 0.0, is_answer=False)
        evidence = self.gather_evidence(question)
        scores = weigh_evidence(evidence, self._parameters)
        readings = self.read(question, scores)
        scores = weigh_readings(scores, readings, self._parameters)
        calibration = (
            self._parameters.lexical_calibration if self._semantic is None else self._parameters.calibration
        )
        confidence = judge_confidence(evidence, scores, readings, calibration)
        nearest = np.argsort(-scores, kind="stable")[: limit + _FOUND_BEYOND]
        hits = tuple(
            self._show(int(number), float(scores[number]), readings.get(int(number)), evidence)
            for number in nearest
        )
        hits = self._merging.merge(hits, question, limit) if self._merging else hits[:limit]
        pinned = self._board.find(_split_meaning(question), evidence.meaning)
        if pinned is not None:
            shown = self._show(pinned, float(scores[pinned]), readings.get(pinned), evidence)
            return Findings(_put_first(shown, hits, limit), 1.0, is_answer=True)
        return Findings(
            hits=hits,
            confidence=confidence,
            is_answer=confidence >= calibration.threshold,
        )

    def read(self, question: Question, scores: NDArray[np.float32]) -> Readings:
        """Read the passages with the highest scores; none where there is no reader.

        Public for the same reason as ``gather_evidence``.
        """
        if self._reading is None or not self._parts.reading:
            return {}
        return self._reading.read(_find_asked(question)[-1], np.argsort(-scores, kind="stable"))

    def gather_evidence(self, question: Question) -> Evidence:
        """Measure the evidence for each passage; the question is not empty.

        Part of ``search``, and public because the weights of the evidence are learned from it and
        because a benchmark that ranks within one language needs the scores of all passages.
        """
        # Cut once: everything that reads the question word by word gets these words.
        words = tuple(dict.fromkeys(split_words(question.text)))
        semantic = meaning = None
        if self._semantic and self._encoder:
            vectors = self._encoder.embed_questions(_find_asked(question))
            semantic = self._semantic.score(normalise(vectors.sum(axis=0)), question.language)
            meaning = self._semantic.centre(_choose_meaning(question, vectors), question.language)
        return gather_evidence(
            semantic=semantic,
            lexical=self._lexical.score(words, question.language),
            word_count=len(words),
            is_own=np.asarray(self._languages == question.language),
            parts=self._parts,
            meaning=meaning,
        )

    def _show(self, number: int, score: float, reading: Reading | None, evidence: Evidence) -> Hit:
        """Show a passage with the clause and, if the reader is sure of them, the words that answer."""
        passage = self.corpus.passages[number]
        clause = self._choose_highlight(number, evidence)
        if reading is None or reading.begin >= reading.end or np.exp(reading.span_score) < _SURE_OF_WORDS:
            return Hit(passage, score, clause)
        words = passage.text[reading.begin : reading.end]
        if clause is None or words not in clause:
            start, end = find_clause_around(passage.text, (reading.begin, reading.end))
            clause = passage.text[start:end]
        return Hit(passage, score, clause, short=words)

    def _choose_highlight(self, number: int, evidence: Evidence) -> str | None:
        if self._semantic is None or evidence.semantic is None:
            return None
        clauses = self._semantic.find_clauses(number)
        spans = [self._semantic.texts.spans[clause] for clause in clauses]
        scores = evidence.semantic.clauses[clauses]
        return choose_highlight(self.corpus.passages[number].text, spans, scores)


def _put_first(pinned: Hit, hits: Sequence[Hit], limit: int) -> tuple[Hit, ...]:
    """Put a pinned passage before the hits, with those that say the same if it is among the hits."""
    also: tuple[Passage, ...] = ()
    others = []
    for hit in hits:
        sources = (hit.passage, *hit.also)
        if pinned.passage in sources:
            also = tuple(passage for passage in sources if passage != pinned.passage)
        else:
            others.append(hit)
    best = max([pinned.score, *(hit.score for hit in others)])
    first = replace(pinned, score=best, also=also, is_pinned=True)
    return (first, *others)[:limit]


def _split_meaning(question: Question) -> Words:
    """Return the words of a question, and before them those of the earlier one if it says little itself."""
    text = f"{question.earlier or ''} {question.text}" if _says_little(question) else question.text
    return tuple(word.casefold() for word in split_words(text))


def _choose_meaning(question: Question, asked: Vectors) -> Vectors:
    """Return the vector of what a question means: of itself, or with the earlier one if it says little.

    ``asked`` are the vectors of ``_find_asked``.
    """
    return normalise(asked.sum(axis=0) if _says_little(question) else asked[0])


def _says_little(question: Question) -> bool:
    return len(split_words(question.text)) <= _LITTLE_WORDS


def _find_asked(question: Question) -> list[str]:
    """Return what is asked: the question, and a short one also behind the earlier one it may lean on."""
    if not question.earlier or len(find_units(question.text, (0, len(question.text)))) > _LEANING_WORDS:
        return [question.text]
    return [question.text, f"{question.earlier} {question.text}"]
