"""What is counted is what happens, and is shown as Prometheus reads it."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics
from bot.model import Answer, AnswerKind, Question, Trouble, TroubleKind
from bot.sandbox.api.failures import server_error, too_many_requests
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, broken_index, running_bot


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def make_answer(kind: AnswerKind, elapsed_ms: float) -> Answer:
    return Answer(Question("Who?", "en"), kind, 1.0, (), "version", elapsed_ms)


def test_metrics_count_what_they_are_told() -> None:
    metrics = Metrics()
    metrics.count_update("message")
    metrics.count_update("message")
    metrics.count_answer(make_answer(AnswerKind.ANSWER, 30.0))
    metrics.count_answer(make_answer(AnswerKind.SMALL_TALK, 0.1))
    metrics.count_trouble(TroubleKind.INBOX_OFF)
    metrics.count_api_error("RetryAfter")
    metrics.observe_reply(0.07)
    found = read(metrics)
    assert found["bot_updates_total", "message"] == 2
    assert found["bot_answers_total", "answer"] == found["bot_answers_total", "small_talk"] == 1
    assert found["bot_answers_total", "not_found"] == 0
    assert found["bot_search_seconds_count",] == 1
    assert found["bot_search_seconds_bucket", "0.02"] == 0
    assert found["bot_search_seconds_bucket", "0.05"] == 1
    assert found["bot_troubles_total", "inbox_off"] == 1
    assert found["bot_troubles_total", "database_damaged"] == 0
    assert found["bot_api_errors_total", "RetryAfter"] == 1
    assert found["bot_reply_seconds_bucket", "0.1"] == 1


def test_metrics_are_read_when_somebody_looks() -> None:
    metrics = Metrics()
    state = {"handling": 0, "waiting": 0, "kept": 0}
    versions = ["old"]
    metrics.watch_updates(lambda: state["handling"], lambda: state["waiting"])
    metrics.watch_inbox(lambda: state["kept"])
    metrics.watch_corpus(lambda: versions[-1])
    assert read(metrics)["bot_corpus_info", "old"] == 1
    state |= {"handling": 3, "waiting": 5, "kept": 8}
    versions.append("new")
    found = read(metrics)
    assert found["bot_updates_in_hand", "handling"] == 3
    assert found["bot_updates_in_hand", "waiting"] == 5
    assert found["bot_inbox_updates",] == 8
    assert found["bot_corpus_info", "new"] == 1
    assert ("bot_corpus_info", "old") not in found


def test_metrics_of_two_bots_are_apart() -> None:
    one, other = Metrics(), Metrics()
    one.count_update("message")
    assert ("bot_updates_total", "message") not in read(other)
    assert read(other)["process_resident_memory_bytes",] > 1_000_000
    assert read(other)["process_start_time_seconds",] > 1_700_000_000


async def test_metrics_of_a_running_bot(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, make_index=broken_index) as bot:
        anna = api.person("Anna")
        api.fail("sendMessage", too_many_requests(1))
        api.fail("getUpdates", server_error(502))
        for words in (SIGNED, "What do blue whales eat?", "Hello!", "broken?"):
            await anna.private_chat.reply_to(anna.says(words))
        bot.alerts.report(Trouble(TroubleKind.INBOX_OFF, ""))
        bot.alerts.report(Trouble(TroubleKind.INBOX_OFF, "", is_over=True))
        found = read(bot.metrics)
    answers = [found["bot_answers_total", kind.value] for kind in AnswerKind]
    assert sum(answers) == 3
    assert found["bot_answers_total", "small_talk"] == 1
    assert found["bot_search_seconds_count",] == 2
    assert found["bot_troubles_total", "update_failed"] == 1
    assert found["bot_troubles_total", "inbox_off"] == 1
    assert found["bot_api_errors_total", "RetryAfter"] == 1
    assert found["bot_api_errors_total", "NetworkError"] == 1
