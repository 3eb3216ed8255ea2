"""From a question to an answer: whether the articles answer it, and with which passages.

Holds the index that serves. ``reload`` and ``pin`` make a whole new one and assign it once; searches
that are running finish on the old one. Everything here is synchronous and safe to call from several
threads.
"""

import threading
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.corpus.articles import CorpusChange, compare_corpora
from bot.language import LanguageDetector
from bot.model import Answer, AnswerKind, Corpus, Earlier, Findings, Hit, Question, Trouble
from bot.search.encoder import Vectors
from bot.search.pins import Pin
from bot.search.vectors import Progress
from bot.wording.small_talk import SmallTalkPhrases

Watcher = Callable[[Corpus], None]
"""Is told of each corpus that begins to serve; must not raise."""

_NOTHING = Findings((), 0.0, is_answer=False)


class Index(Protocol):
    """Every passage of a corpus, ready to be searched from any thread."""

    @property
    def corpus(self) -> Corpus:
        """What is searched."""

    @property
    def encoder_name(self) -> str | None:
        """The name of what embeds questions; vectors of equal names may be compared. None: nothing does."""

    @property
    def gone_pins(self) -> tuple[Pin, ...]:
        """The pins whose passages are not in the corpus."""

    def search(self, question: Question, limit: int) -> Findings:
        """Return at most ``limit`` statements, best first, and the confidence that they answer."""

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Return other questions, the nearest by meaning first."""

    @property
    def pinned_vectors(self) -> Mapping[Question, Vectors]:
        """The vectors of the questions that are pinned."""

    def with_pins(self, pins: Sequence[Pin], known: Mapping[Question, Vectors] | None = None) -> "Index":
        """Return the same index with these pins instead of its own.

        ``known`` are the ``pinned_vectors`` of another index with the same encoder.
        """

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Return one vector a question; none where nothing embeds."""

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Return the numbers of the questions of each meaning."""


class ReloadRunningError(Exception):
    """A reload was asked for while another one is running."""


@dataclass(frozen=True, slots=True)
class Reload:
    """What a reload changed."""

    before: Corpus
    after: Corpus
    change: CorpusChange
    elapsed_ms: float


class Desk:
    """Answers questions, wherever they come from."""

    def __init__(
        self,
        index: Index,
        load_index: Callable[[Progress | None], Index],
        small_talk: SmallTalkPhrases,
        load_detector: Callable[[frozenset[str]], LanguageDetector],
        trouble: Trouble | None = None,
    ) -> None:
        """Start with an index; ``load_index`` makes the next one from the files as they are then.

        ``load_detector`` makes a detector for the languages of the articles.
        ``trouble`` is what was wrong with the articles, where these are earlier ones.
        """
        self._index = index
        self._load_index = load_index
        self._small_talk = small_talk
        self._load_detector = load_detector
        self._detector = load_detector(_list_languages(index.corpus))
        self._reloading = threading.Lock()
        self._watchers: list[Watcher] = []
        self.trouble = trouble
        self.generation = 0
        """Grows with every index that serves: only answers of one generation are alike."""
        self._pins: tuple[Pin, ...] = ()
        self._assigning = threading.Lock()

    @property
    def index(self) -> Index:
        """The index that questions are searched in now, with its pins."""
        return self._index

    @property
    def corpus(self) -> Corpus:
        """The corpus that questions are answered from now."""
        return self._index.corpus

    def watch(self, watcher: Watcher) -> None:
        """Tell a watcher of the corpus that serves now, and of each that will, in the reload's thread."""
        self._watchers.append(watcher)
        watcher(self.corpus)

    def ask(  # noqa: PLR0913 - all but the words and the limit have defaults
        self,
        words: str,
        *,
        language: str | None = None,
        hint: str | None = None,
        earlier: Earlier | None = None,
        reads: Sequence[str] = (),
        limit: int,
    ) -> Answer:
        """Answer a question with at most ``limit`` passages; if none answers, with the nearest ones.

        ``language`` is the language of the words, if it is known (a primary subtag, as
        ``parse_language`` gives it); ``hint`` is one that they are likely to be in (BCP 47).
        ``earlier`` is what came just before. It counts only for a question that cannot stand alone, and
        the answer's question has it only where the answer was found with it.
        ``reads`` are languages that the asker reads besides that of the words, best first (primary
        subtags).
        """
        started = time.perf_counter()
        index = self._index
        words = unicodedata.normalize("NFC", words)
        language = language or self._detector.detect(words, hint)
        question = Question(words, language, earlier, tuple(dict.fromkeys((language, *reads))))
        small_talk = self._small_talk.recognise(words)
        findings = _NOTHING if small_talk else index.search(question, limit)
        kind = AnswerKind.ANSWER if findings.is_answer else AnswerKind.NOT_FOUND
        return Answer(
            question=question if findings.is_leaning else replace(question, earlier=None),
            kind=AnswerKind.SMALL_TALK if small_talk else kind,
            confidence=1.0 if small_talk else findings.confidence,
            hits=findings.hits,
            corpus_version=index.corpus.version,
            elapsed_ms=(time.perf_counter() - started) * 1000,
            small_talk=small_talk,
            leads=findings.leads,
            unanswered=findings.unanswered,
            is_near=findings.is_near,
        )

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Return other questions, the nearest by meaning first, without asking any."""
        return self._index.order_by_nearness(question, others)

    def find_passages(self, words: str, *, hint: str | None, limit: int) -> tuple[Hit, ...]:
        """Return the nearest passages to some words, best first, whatever is pinned."""
        question = Question(words, self._detector.detect(words, hint))
        return self._index.with_pins(()).search(question, limit).hits

    def pin(self, pins: Sequence[Pin], known: Mapping[Question, Vectors] | None = None) -> tuple[Pin, ...]:
        """Answer with these pins from now on; return those whose passages have gone.

        ``known`` are vectors of their questions that the encoder of the index made before.
        """
        with self._assigning:
            self._pins = tuple(pins)
            self._index = self._index.with_pins(self._pins, known)
            self.generation += 1
            return self._index.gone_pins

    def reload(self, progress: Progress | None = None) -> Reload:
        """Read the articles again and answer from them from now on.

        Raises:
            ReloadRunningError: another reload is running.
            CorpusError: an article file has a mistake; the old articles go on answering.
        """
        if not self._reloading.acquire(blocking=False):
            raise ReloadRunningError
        try:
            started = time.perf_counter()
            before = self._index.corpus
            index = self._load_index(progress)
            self._detector = self._load_detector(_list_languages(index.corpus))
            with self._assigning:
                is_alike = index.encoder_name == self._index.encoder_name
                known = self._index.pinned_vectors if is_alike else None
                self._index = index.with_pins(self._pins, known)
                self.generation += 1
            for watch in self._watchers:
                watch(index.corpus)
            return Reload(
                before=before,
                after=index.corpus,
                change=compare_corpora(before, index.corpus),
                elapsed_ms=(time.perf_counter() - started) * 1000,
            )
        finally:
            self._reloading.release()


def _list_languages(corpus: Corpus) -> frozenset[str]:
    return frozenset(article.language for article in corpus.articles)
