"""Texts are counted as Telegram counts them, and cut where a reader would cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.cards.fitting import count_units, fit_lines, shorten, shorten_start
from bot.sandbox.limits.entities import utf16_length


@given(st.text())
def test_count_units_counts_utf16(content: str) -> None:
    assert count_units(content) == utf16_length(content)


@given(st.text(), st.integers(0, 30))
def test_shorten_keeps_the_limit_and_the_beginning(content: str, limit: int) -> None:
    shortened = shorten(content, limit)
    assert count_units(shortened) <= limit
    assert content.startswith(shortened.removesuffix("…"))


@pytest.mark.parametrize(
    ("content", "limit", "expected"),
    [
        ("72 countries signed", 19, "72 countries signed"),
        ("72 countries signed", 18, "72 countries…"),
        ("72 countries signed", 14, "72 countries…"),
        ("72 countries signed", 13, "72 countries…"),
        ("incomprehensibilities", 10, "incompreh…"),
        ("a incomprehensibilities", 10, "a incompr…"),
        ("ab😀😀", 5, "ab😀…"),
        ("ab😀😀", 4, "ab…"),
        ("ab👨‍👩‍👧 cd", 9, "ab…"),
        ("abcde\u0301f", 6, "abcd…"),
        ("abc👍🏽d", 6, "abc…"),
        ("ab🇳🇴🇸🇪🇩🇰", 6, "ab…"),
        ("ab🇳🇴🇸🇪🇩🇰", 7, "ab🇳🇴…"),
        ("ab❤️‍🔥cd", 5, "ab…"),
        ("ab\u1100\u1161\u11a8cd", 5, "ab…"),
        ("abक्षि ka", 5, "ab…"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
        ("anything", -5, ""),
    ],
)
def test_shorten_cuts_where_a_reader_would(content: str, limit: int, expected: str) -> None:
    assert shorten(content, limit) == expected


@given(st.text(), st.integers(0, 30))
def test_shorten_start_keeps_the_limit_and_the_end(content: str, limit: int) -> None:
    shortened = shorten_start(content, limit)
    assert count_units(shortened) <= limit
    assert content.endswith(shortened.removeprefix("…"))


@pytest.mark.parametrize(
    ("content", "limit", "expected"),
    [
        ("72 countries signed", 19, "72 countries signed"),
        ("72 countries signed", 18, "…countries signed"),
        ("72 countries signed", 17, "…countries signed"),
        ("of 72 countries signed", 21, "…72 countries signed"),
        ("incomprehensibilities", 10, "…ibilities"),
        ("😀😀ab", 5, "…😀ab"),
        ("😀😀ab", 4, "…ab"),
        ("féabc", 5, "…abc"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_shorten_start_cuts_where_a_reader_would(content: str, limit: int, expected: str) -> None:
    assert shorten_start(content, limit) == expected


def test_fit_lines_says_how_many_are_left_out() -> None:
    lines = [f"line {number}" for number in range(10)]
    assert fit_lines(lines, 100, lambda count: f"+{count}") == lines
    assert fit_lines(lines, 24, lambda count: f"+{count}") == ["line 0", "line 1", "line 2", "+7"]


@given(st.lists(st.text(max_size=20)), st.integers(10, 100))
def test_fit_lines_keeps_the_limit(lines: list[str], limit: int) -> None:
    kept = fit_lines(lines, limit, lambda count: f"+{count}")
    assert count_units("\n".join(kept)) <= limit
