"""The picture names the bar that is about now, and counts the languages that it does not name."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.chart import MOST_SHARES, Bar, Chart, draw_chart
from bot.chat.cards.statistics_card import make_chart
from bot.journal.statistics import Period, Statistics, Tally
from tests.chat_bot import phrases

TODAY = date(2026, 11, 24)


def statistics(languages: dict[str, int]) -> Statistics:
    return Statistics(
        period=Period.WEEK,
        first_day=TODAY - timedelta(days=6),
        last_day=TODAY,
        people=3,
        votes_up=0,
        votes_down=0,
        median_ms=10,
        p95_ms=20,
        languages=languages,
        days={TODAY: Tally(3, 1), TODAY - timedelta(days=1): Tally(2, 2)},
        hours={datetime(2026, 11, 24, 7, tzinfo=UTC).hour: Tally(5, 3)},
        corpus_version="abc123",
    )


def test_chart_sums_up_the_languages_that_have_no_room() -> None:
    codes = ["en", "nb", "vi", "fr", "de", "es", "id", "pt", "ja"]
    few = make_chart(statistics(dict.fromkeys(codes[:MOST_SHARES], 2)), phrases)
    assert [count for _, count in few.shares] == [2] * MOST_SHARES
    many = make_chart(statistics(dict.fromkeys(codes, 2)), phrases)
    assert [count for _, count in many.shares] == [2] * (MOST_SHARES - 1) + [6]
    assert many.shares[-1][0] == "…"


@pytest.mark.parametrize("count", [7, 24, 30])
def test_chart_names_the_last_bar(count: int) -> None:
    def draw(label: str) -> bytes:
        bars = (*(Bar("before", 1, 1) for _ in range(count - 1)), Bar(label, 1, 1))
        return draw_chart(Chart("title", bars, "first", "second", "shares", (("one", 1),)))

    assert draw("now") == draw("now") != draw("")
