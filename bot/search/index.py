"""The one door to searching: an immutable index of a corpus, and what is shown of it for a question.

A new corpus gets a new index, and so do other pins. Nothing in an index changes but what it remembers
(embedded words and questions) and how many are reading, each behind a lock, so searches may run in any
thread while another index is being built.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from bot.model import Corpus, Earlier, Findings, Hit, Question
from bot.search.agreement import Agreement
from bot.search.analysis import find_figures, split_words
from bot.search.centring import normalise
from bot.search.compound import join_findings, split_question
from bot.search.encoder import Encoder, Vectors
from bot.search.grouping import group_equal, group_vectors, load_thresholds
from bot.search.highlight import is_believed
from bot.search.leaning import Leaning, join_earlier, load_leaning
from bot.search.lexical import LexicalRanking
from bot.search.merging import Merging
from bot.search.nearness import Nearness
from bot.search.pins import Pin, PinBoard, Words, put_first
from bot.search.ranking import Parameters, load_parameters
from bot.search.reader import Reader
from bot.search.reading import CandidateReading
from bot.search.retrieval import Ranked, Retrieval
from bot.search.semantic import SemanticRanking, plan_texts
from bot.search.showing import Showing
from bot.search.signals import ALL_PARTS, Parts
from bot.search.translation import Translator, Vocabulary, WordMemory
from bot.search.vectors import Progress, VectorCache, embed_texts

# Passages that say the same are shown as one, so more are found than shown.
_FOUND_BEYOND = 20
_LEAST_FOUND = 5
# A refusal this near to the threshold, as a part of it, is about what was asked, if the reader believes
# that the passage answers.
_NEAR = 0.77
# How much of the words that a follow-up names has to be in the passage that answers it, unless the reader,
# asked these words alone, is so sure of the passage (a logit). Chosen on the follow-ups.jsonl.gz that
# tests/learning has and on conversations_tuning.toml: 0.55 and 0.52 of the follow-ups are answered right,
# without this exception 0.45 and 0.50; from 0 on it would be 0.57 and 0.55, but one of 36 changes of subject
# would be bluffed.
_LEAST_COVERAGE = 0.06
_SURELY_ANSWERS = 1.5


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
        leaning: Leaning,
    ) -> None:
        """Use ``build``, which makes the parts."""
        self.corpus = corpus
        self.retrieval = Retrieval(
            corpus.passages,
            lexical=lexical,
            semantic=semantic,
            encoder=encoder,
            reading=reading,
            parameters=parameters,
            parts=parts,
        )
        self._semantic = semantic
        self._encoder = encoder
        self._nearness = Nearness(encoder) if encoder else None
        self._leaning = leaning
        figures = [find_figures(passage.text) for passage in corpus.passages]
        self._showing = Showing(corpus.passages, semantic)
        self._thresholds = load_thresholds()
        self._board = self._lay_out_pins((), {})
        self._merging = None
        self._numbers = {passage.id: number for number, passage in enumerate(corpus.passages)}
        if agreement and semantic:
            languages = frozenset(article.language for article in corpus.articles)
            self._merging = Merging(agreement, semantic, self._numbers, figures, languages)

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
                leaning=load_leaning(),
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
        semantic = SemanticRanking(passages, texts, embedded, discounts_hubs=parts.hubness)
        memory = WordMemory(encoder, vocabulary.words, words)
        return cls(
            corpus,
            lexical=LexicalRanking(
                passages, Translator(vocabulary, words, memory) if parts.translation else None
            ),
            semantic=semantic,
            agreement=Agreement(
                semantic.centre_sentences(), [passage.article.language for passage in passages]
            ),
            encoder=encoder,
            reading=CandidateReading(passages, reader) if reader else None,
            parameters=parameters,
            parts=parts,
            leaning=load_leaning(),
        )

    @property
    def encoder_name(self) -> str | None:
        """The name of the encoder; vectors of equal names may be compared. None: there is none."""
        return self._encoder.name if self._encoder else None

    @property
    def gone_pins(self) -> tuple[Pin, ...]:
        """The pins whose passages are not in the corpus."""
        return self._board.gone

    @property
    def pinned_vectors(self) -> Mapping[Question, Vectors]:
        """The vectors of the questions that are pinned."""
        return self._board.known

    def with_pins(
        self, pins: Sequence[Pin], known: Mapping[Question, Vectors] | None = None
    ) -> "CorpusIndex":
        """Return this index with other pins; only those of their questions that are new are embedded.

        ``known`` are the ``pinned_vectors`` of another index with the same encoder.
        """
        pinned = copy(self)
        pinned._board = self._lay_out_pins(pins, {**(known or {}), **self._board.known})  # noqa: SLF001 - own
        return pinned

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Return the vectors of what questions mean; none without an encoder."""
        if self._encoder is None or not questions:
            return np.zeros((0, 0), np.float32)
        return normalise(self._encoder.embed_questions([self._write_out(question) for question in questions]))

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Return the numbers of the questions of each meaning; without vectors, of the same words."""
        if vectors is None or self._semantic is None:
            return group_equal([self._split_meaning(question) for question in questions])
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
            split=self._split_meaning,
            embed=self.embed if self._encoder and semantic else None,
            centre=semantic.centre if semantic else lambda vector, _language: vector,
            threshold=self._thresholds.pinned,
            known=known,
        )

    def _write_out(self, question: Question) -> str:
        """Return what a question means by itself: one that leans on another has that before it."""
        earlier = question.earlier
        return join_earlier(earlier, question) if earlier and self._leaning.leans(question) else question.text

    def _split_meaning(self, question: Question) -> Words:
        return tuple(split_words(self._write_out(question)))

    def search(self, question: Question, limit: int) -> Findings:
        """Return at most ``limit`` statements for a question, best first, each with all its sources.

        Where it asks two things that different passages answer, the best one of each comes first, and none
        of them is left out.
        """
        words = self._split_meaning(question)
        parts = None if self._board.holds(words) else split_question(question.text, question.language)
        if parts:
            found = [self._search_one(replace(question, text=part), limit) for part in parts]
            joined = join_findings(parts, found, limit)
            if joined is not None:
                return joined
        return self._search_one(question, limit)

    def _search_one(self, question: Question, limit: int) -> Findings:
        passages = self.corpus.passages
        if not passages or not question.text.strip():
            return Findings((), 0.0, is_answer=False)
        ranked = self.retrieval.rank(question)
        # The vector is that of the question alone, which says little of what a leaning one means.
        leans = question.earlier is not None and self._leaning.leans(question)
        pinned = self._board.find(self._split_meaning(question), None if leans else ranked.evidence.meaning)
        if pinned is not None:
            found = self._find_pinned(question, ranked, pinned, limit)
            return replace(found, is_leaning=leans)
        leaned = self._lean(question, question.earlier, ranked, limit) if question.earlier else None
        if leaned:
            return leaned
        found = self._find(question, ranked, limit)
        if self._leaning.leans(question) and not self._leaning.find_named(question):
            # "And when?" asks nothing without what came before.
            return replace(found, is_answer=False, is_near=False)
        return found

    def _find(self, question: Question, ranked: Ranked, limit: int) -> Findings:
        """Return what is shown of the ranked passages."""
        shown = self._merge(question, ranked, limit)
        is_answer = ranked.confidence >= self.retrieval.threshold
        if is_answer:
            later = self._read_own_sources(question, ranked, shown[0])
            if later:
                shown = self._merge(question, later, limit)
        return Findings(
            hits=shown,
            confidence=ranked.confidence,
            is_answer=is_answer,
            is_near=not is_answer
            and ranked.confidence >= _NEAR * self.retrieval.threshold
            and shown[0].answers is not None
            and is_believed(shown[0]),
        )

    def _merge(self, question: Question, ranked: Ranked, limit: int) -> tuple[Hit, ...]:
        nearest = np.argsort(-ranked.scores, kind="stable")[: max(limit, _LEAST_FOUND) + _FOUND_BEYOND]
        hits = tuple(self._show(int(number), question, ranked) for number in nearest)
        return self._merging.merge(hits, ranked.readings, question, limit) if self._merging else hits[:limit]

    def _read_own_sources(self, question: Question, ranked: Ranked, first: Hit) -> Ranked | None:
        """Read the sources of the first statement that are in the asker's language and were not read.

        None if there are none: otherwise one of them may be shown, if it is found to answer as well.
        """
        reads = question.reads or (question.language,)
        if first.passage.article.language in reads:
            return None
        own = [self._numbers[passage.id] for passage in first.also if passage.article.language in reads]
        return self.retrieval.read_later(question, ranked, own)

    def _find_pinned(self, question: Question, ranked: Ranked, pinned: int, limit: int) -> Findings:
        """Return a pinned passage first, then what is found besides."""
        shown = self._show(pinned, question, ranked)
        hits = put_first(shown, self._find(question, ranked, limit).hits, limit)
        return Findings(hits=hits, confidence=1.0, is_answer=True)

    def _lean(self, question: Question, earlier: Earlier, alone: Ranked, limit: int) -> Findings | None:
        """Return what answers a question that cannot stand alone, together with what came before.

        Both count for what the question is about; the reader is only asked the new words, and what they
        name has to be in the passage, or the reader sure that it answers them. So nothing is answered merely
        because it was asked before. After a question that was not answered, the reader is asked both.
        """
        leans = self._leaning.leans(question)
        is_answered = alone.confidence >= self.retrieval.threshold
        if not leans and (is_answered or not earlier.is_reply):
            return None
        whole = replace(question, text=join_earlier(earlier, question))
        if earlier.answer is None:
            # What the articles do not answer is answered no better for another question after it.
            ranked = self.retrieval.rank(whole)
        else:
            ranked = self.retrieval.rank_together(question, alone, whole)
        found = self._find(question, ranked, limit)
        named = list(dict.fromkeys(self._leaning.find_named(question)))
        if named:
            best = int(np.argmax(ranked.scores))
            coverage = self.retrieval.measure_coverage(named, question.language, best)
            reading = ranked.readings.get(best)
            is_sure = reading is not None and reading.logit >= _SURELY_ANSWERS
            is_new = coverage >= _LEAST_COVERAGE or (is_sure and found.words != earlier.answer)
        else:
            is_new = found.words != earlier.answer
        return replace(found, is_leaning=True) if found.is_answer and is_new else None

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Return other questions, the nearest by meaning first; as they are where there is no encoder.

        The vectors of the others are remembered.
        """
        return self._nearness.order(question, others) if self._nearness else list(others)

    def _show(self, number: int, question: Question, ranked: Ranked) -> Hit:
        return self._showing.show(
            number,
            question,
            score=float(ranked.scores[number]),
            evidence=ranked.evidence,
            reading=ranked.readings.get(number),
        )
