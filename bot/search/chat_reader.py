"""The reader that asks a chat endpoint, and lets another one read whenever that does not help.

An endpoint names one passage and its words, and gives no probabilities. They are put on the scale of
the built-in reader, for which the weights and the confidence were learned and where 0 is "none of
these answers": the named passage gets a high logit, the others a low one, and all a low one if none
answers. It never fails: what goes wrong is a line in the log.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from bot.chat_endpoint import Candidate, ChatEndpoint, EndpointBusyError, EndpointError, Quotation
from bot.e5.reading import Excerpt, Reading, Words, find_words
from bot.pauses import GrowingPause
from bot.rates import Rate
from bot.search.analysis import find_figures
from bot.search.reader import Reader

_LOG = logging.getLogger(__name__)

# Odds of 55 to 1, about as sure as the built-in reader is of a clear case: an endpoint may be wrong,
# and much evidence from the rest of the ranking still outweighs it.
_ANSWERS = 4.0
_DOES_NOT_ANSWER = -4.0
# What it copied is taken for the whole answer.
_CERTAINTY = 1.0
# The log of 0.9.
_SPAN_SCORE = -0.1
_NO_WORDS = Words(0, 0, 0.0, float("-inf"))


class ChatReader:
    """Reads with a chat endpoint. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 (pauses, which tests cannot wait for, have defaults)
        self,
        endpoint: ChatEndpoint,
        fallback: Reader | None,
        *,
        most_failures: int = 3,
        first_pause_s: float = 10.0,
        longest_pause_s: float = 300.0,
        log_every_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a ``fallback``, nothing is said about what the endpoint did not read."""
        self._endpoint = endpoint
        self._fallback = fallback
        self._breaker = _Breaker(most_failures, GrowingPause(first_pause_s, longest_pause_s), clock)
        self._failures = _FailureLog(endpoint.host, fallback, log_every_s, clock)

    @property
    def name(self) -> str:
        """Name the model."""
        return f"chat-{self._endpoint.model}"

    def read(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        """Ask the endpoint; what it does not read in time, and as asked, the fallback reads."""
        return self._ask(question, passages) or self._fall_back(question, passages)

    def _ask(self, question: str, passages: Sequence[Excerpt]) -> list[Reading] | None:
        if self._breaker.is_open:
            return None
        try:
            candidates = [Candidate(passage.sentence, passage.before) for passage in passages]
            readings = _judge(self._endpoint.quote(question, candidates), passages)
        except EndpointBusyError as error:
            self._failures.note(error)
            return None
        except EndpointError as error:
            self._failures.note(error)
            pause_s = self._breaker.note_failure()
            if pause_s:
                _LOG.warning("The reader at %s is not asked for %.0f s", self._endpoint.host, pause_s)
            return None
        if self._breaker.note_success():
            _LOG.info("The reader at %s reads again", self._endpoint.host)
        return readings

    def _fall_back(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        if self._fallback is None:
            return []
        return self._fallback.read(question, passages)


def _judge(quotation: Quotation | None, passages: Sequence[Excerpt]) -> list[Reading]:
    """Put what the endpoint says on the scale of the built-in reader.

    Raises:
        EndpointError: what it copied are not whole words, or a part of a figure.
    """
    readings = [Reading(_DOES_NOT_ANSWER, _NO_WORDS)] * len(passages)
    if quotation is not None:
        begin, end = _locate(quotation.words, passages[quotation.index].sentence)
        readings[quotation.index] = Reading(_ANSWERS, Words(begin, end, _CERTAINTY, _SPAN_SCORE))
    return readings


def _locate(words: str, sentence: str) -> tuple[int, int]:
    """Find words where they are whole; else the first words that they are a part of.

    Raises:
        EndpointError: they are punctuation, or stand only within a figure ("7" in "2017").
    """
    found: list[tuple[int, int]] = []
    at = sentence.find(words)
    while at >= 0:
        begin, end = find_words(sentence, at, at + len(words))
        if at <= begin < end <= at + len(words):
            return begin, end
        found.append((begin, end))
        at = sentence.find(words, at + 1)
    for begin, end in found:
        if begin < end and find_figures(sentence[begin:end]) == find_figures(words):
            return begin, end
    message = "copied words that the passage has only as a part of others"
    raise EndpointError(message)


class _Breaker:
    """Stops the asking for a while after several failures in a row; the pauses grow until one works."""

    def __init__(self, most_failures: int, pause: GrowingPause, clock: Callable[[], float]) -> None:
        self._most_failures = most_failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._asks_again_at: float | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        asks_again_at = self._asks_again_at
        return asks_again_at is not None and self._clock() < asks_again_at

    def note_failure(self) -> float | None:
        """Count a failure; return how long nothing is asked if that begins with it."""
        with self._lock:
            self._failures += 1
            # Those that were under way when it stopped count no more.
            if self._failures < self._most_failures or self.is_open:
                return None
            pause_s = self._pause.grow()
            self._asks_again_at = self._clock() + pause_s
            return pause_s

    def note_success(self) -> bool:
        """Forget the failures; tell whether nothing had been asked for a while because of them."""
        with self._lock:
            had_stopped = self._asks_again_at is not None
            self._failures, self._asks_again_at = 0, None
            self._pause.reset()
            return had_stopped


class _FailureLog:
    """Says in the log why an endpoint did not read; of many failures it says only now and then how many."""

    def __init__(
        self, host: str, fallback: Reader | None, log_every_s: float, clock: Callable[[], float]
    ) -> None:
        self._host = host
        self._instead = "the built-in reader reads instead" if fallback else "nothing is read instead"
        self._rate = Rate(interval_s=log_every_s, burst=1)
        self._clock = clock
        self._unlogged = 0
        self._lock = threading.Lock()

    def note(self, error: EndpointError) -> None:
        with self._lock:
            now = self._clock()
            if self._rate.wait_for(now):
                self._unlogged += 1
                return
            self._rate.reserve(now)
            others = f" ({self._unlogged} other failures since the last such line)" if self._unlogged else ""
            self._unlogged = 0
        _LOG.warning("The reader at %s %s; %s%s", self._host, error, self._instead, others)
