"""The figures of a period in words, and as a picture."""

from collections.abc import Iterator
from datetime import date, timedelta

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chart import MOST_SHARES, Bar, Chart
from bot.chat.cards.fitting import CAPTION_UNITS, fit_lines
from bot.chat.cards.keyboards import CHOSEN
from bot.journal.statistics import Period, Statistics, Tally
from bot.language import name_language
from bot.wording.phrases import Phrases

_MOST_DAY_BARS = 92
_WEEK = timedelta(days=7)
_LEAST_BARS = 2
_LANGUAGES = 7
_BUTTONS_A_ROW = 3
_HOURS = 24
_NONE = Tally(0, 0)


def describe_statistics(statistics: Statistics, phrases: Phrases) -> str:
    """Return the figures, one a line, short enough for the caption of a picture."""
    return "\n".join(
        fit_lines(
            list(_list_lines(statistics, phrases)),
            CAPTION_UNITS,
            lambda count: phrases.say("left-out", count=count),
        )
    )


def _list_lines(statistics: Statistics, phrases: Phrases) -> Iterator[str]:
    yield phrases.say(f"stats.{statistics.period.value}")
    if not statistics.questions:
        yield phrases.say("stats.nothing")
    else:
        yield phrases.say("stats.questions", questions=statistics.questions, people=statistics.people)
        yield phrases.say(
            "stats.answered",
            answered=statistics.answered,
            answered_share=_share(statistics.answered, statistics, phrases),
            refused=statistics.refused,
            refused_share=_share(statistics.refused, statistics, phrases),
        )
        up, down = (_number(count, phrases) for count in (statistics.votes_up, statistics.votes_down))
        yield f"👍 {up} · 👎 {down}"
        yield phrases.say("stats.time", median=statistics.median_ms, p95=statistics.p95_ms)
        named = [
            f"{name_language(language, phrases.language)} {_number(count, phrases)}"
            for language, count in list(statistics.languages.items())[:_LANGUAGES]
        ]
        more = ["…"] if len(statistics.languages) > _LANGUAGES else []
        yield phrases.say("stats.languages", languages=", ".join(named + more))
        hours = ", ".join(f"{hour}–{hour + 1}" for hour in statistics.busiest_hours)
        yield phrases.say("stats.hours", hours=hours)
    if statistics.corpus_version:
        yield phrases.say("stats.corpus", version=statistics.corpus_version)


def _number(count: int, phrases: Phrases) -> str:
    return str(format_decimal(count, locale=phrases.language))


def _share(count: int, statistics: Statistics, phrases: Phrases) -> str:
    return str(format_percent(count / statistics.questions, locale=phrases.language))


def make_chart(statistics: Statistics, phrases: Phrases) -> Chart:
    """Lay out the picture: a bar for each hour of a day, each day, or each week of a long period."""
    if statistics.period is Period.DAY:
        unit, bars = "hour", _bar_hours(statistics)
    elif (statistics.last_day - statistics.first_day).days < _MOST_DAY_BARS:
        unit, bars = "day", _bar_days(statistics, phrases, timedelta(days=1))
    else:
        unit, bars = "week", _bar_days(statistics, phrases, _WEEK)
    is_little = sum(bool(bar.first + bar.second) for bar in bars) < _LEAST_BARS
    return Chart(
        title=phrases.say(f"picture.{unit}"),
        bars=() if is_little else tuple(bars),
        first=phrases.say("picture.answered"),
        second=phrases.say("picture.refused"),
        shares_title=phrases.say("picture.languages"),
        shares=tuple(_share_out(statistics, phrases)),
        note=phrases.say("picture.too-little") if is_little else None,
    )


def _share_out(statistics: Statistics, phrases: Phrases) -> list[tuple[str, int]]:
    """Return the questions in each language, the rarest ones as one share."""
    shares = [
        (name_language(language, phrases.language), count) for language, count in statistics.languages.items()
    ]
    if len(shares) <= MOST_SHARES:
        return shares
    named, others = shares[: MOST_SHARES - 1], shares[MOST_SHARES - 1 :]
    return [*named, ("…", sum(count for _, count in others))]


def _bar_hours(statistics: Statistics) -> list[Bar]:
    return [
        Bar(f"{hour}:00", tally.answered, tally.refused)
        for hour in range(_HOURS)
        for tally in (statistics.hours.get(hour, _NONE),)
    ]


def _bar_days(statistics: Statistics, phrases: Phrases, step: timedelta) -> list[Bar]:
    """Return bars of as many days each, without gaps; the last one may hold fewer days."""
    bars = []
    first = statistics.first_day
    while first <= statistics.last_day:
        tallies = [tally for day, tally in statistics.days.items() if first <= day < first + step]
        bars.append(
            Bar(
                _name_day(first, phrases),
                sum(tally.answered for tally in tallies),
                sum(tally.refused for tally in tallies),
            )
        )
        first += step
    return bars


def _name_day(day: date, phrases: Phrases) -> str:
    return str(format_skeleton("MMMd", day, locale=phrases.language))


def make_period_buttons(kind: str, chosen: Period, phrases: Phrases) -> InlineKeyboardMarkup:
    """Return a button for each period; it carries ``kind`` and the period."""
    buttons = [
        InlineKeyboardButton(
            phrases.say(f"period.{period.value}") + CHOSEN * (period is chosen),
            callback_data=f"{kind}:{period.value}",
        )
        for period in Period
    ]
    return InlineKeyboardMarkup(
        [buttons[start : start + _BUTTONS_A_ROW] for start in range(0, len(buttons), _BUTTONS_A_ROW)]
    )
