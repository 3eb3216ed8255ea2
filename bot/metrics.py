"""Counters, histograms and gauges for Prometheus.

They have a registry of their own, so nothing is shared with other users of the library, and a
test can have as many as it likes. Counting costs about a microsecond. Gauges are read at the moment
of a scrape. ``bot.cli.monitoring`` serves them.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.model import Answer, AnswerKind, TroubleKind

METRICS_TYPE = CONTENT_TYPE_LATEST
"""The HTTP content type of the text that ``render`` returns."""

_SEARCH_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_REPLY_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """Counts events, and reads states when they are asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._registry)
        self._updates = self._make_counter("bot_updates", "Updates received from Telegram.", "kind")
        self._answers = self._make_counter("bot_answers", "Answers, by kind.", "kind")
        self._troubles = self._make_counter("bot_troubles", "Troubles, by kind.", "kind")
        self._api_errors = self._make_counter("bot_api_errors", "Failed calls to Telegram.", "error")
        self._search = Histogram(
            "bot_search_seconds",
            "Time to find an answer in the articles.",
            buckets=_SEARCH_BUCKETS_S,
            registry=self._registry,
        )
        self._reply = Histogram(
            "bot_reply_seconds",
            "Time from an update's arrival until its reply was sent.",
            buckets=_REPLY_BUCKETS_S,
            registry=self._registry,
        )
        # Start every series at zero, so that a rate can be computed from its first event.
        for answer_kind in AnswerKind:
            self._answers.labels(answer_kind.value)
        for trouble_kind in TroubleKind:
            self._troubles.labels(trouble_kind.value)

    def count_update(self, kind: str) -> None:
        """Count an update; ``kind`` is Telegram's name for it, such as ``callback_query``."""
        self._updates.labels(kind).inc()

    def count_answer(self, answer: Answer) -> None:
        """Count an answer, and the time of its search; small talk needs no search."""
        self._answers.labels(answer.kind.value).inc()
        if answer.kind is not AnswerKind.SMALL_TALK:
            self._search.observe(answer.elapsed_ms / 1000)

    def count_trouble(self, kind: TroubleKind) -> None:
        """Count a trouble, each time it is reported."""
        self._troubles.labels(kind.value).inc()

    def count_api_error(self, name: str) -> None:
        """Count a call to Telegram that failed; ``name`` is the kind of error, such as ``RetryAfter``."""
        self._api_errors.labels(name).inc()

    def observe_reply(self, seconds: float) -> None:
        """Record how long somebody waited for a reply."""
        self._reply.observe(seconds)

    def watch_updates(self, count_handling: Callable[[], int], count_waiting: Callable[[], int]) -> None:
        """Show how many updates are being handled, and how many are waiting."""
        gauge = Gauge("bot_updates_in_hand", "Updates that are not done.", ["state"], registry=self._registry)
        gauge.labels("handling").set_function(count_handling)
        gauge.labels("waiting").set_function(count_waiting)

    def watch_inbox(self, count_kept: Callable[[], int]) -> None:
        """Show how many updates on disk are not done."""
        gauge = Gauge("bot_inbox_updates", "Updates on disk that are not done.", registry=self._registry)
        gauge.set_function(count_kept)

    def watch_corpus(self, read_version: Callable[[], str]) -> None:
        """Show the version of the articles from which answers come."""
        self._registry.register(_CorpusCollector(read_version))

    def render(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _make_counter(self, name: str, description: str, label: str) -> Counter:
        return Counter(name, description, [label], registry=self._registry)


class _CorpusCollector(Collector):
    """Reads the version of the articles, which a reload changes."""

    def __init__(self, read_version: Callable[[], str]) -> None:
        self._read_version = read_version

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(
            "bot_corpus", "The articles that answers come from.", {"version": self._read_version()}
        )
