"""A picture of counts over time, stacked in two kinds, with shares beside them, as a PNG.

It is a dark card with light text: opaque, so it looks the same in a light and in a dark chat, and set
large enough for a phone. The library draws on a figure of its own and keeps no state, so any thread may
draw. It knows nothing of what is counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (10.8, 9.0)
_NOTE_INCHES = (10.8, 4.0)
_DPI = 100
_TEXT_POINTS = 21
_GROUND, _INK, _FAINT = "#1f2b37", "#f3f6f8", "#5c6b7a"
# Blue and orange differ for colour-blind eyes too, and both stand out from the ground.
_FIRST, _SECOND = "#5aa9e6", "#ffb454"
# Neither of the two kinds: a share counts both.
_SHARE = "#9fb3c8"
_MOST_LABELS = 4
MOST_SHARES = 7
"""The most shares in a picture."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label on the axis, and its two parts, the first one below."""

    label: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture shows; where there is a ``note``, it stands in place of the bars.

    There are at most ``MOST_SHARES`` shares.
    """

    title: str
    bars: tuple[Bar, ...]
    first: str
    second: str
    shares_title: str
    shares: tuple[tuple[str, int], ...]
    note: str | None = None

    @property
    def texts(self) -> Iterable[str]:
        """Every text in the picture."""
        yield from (self.title, self.first, self.second, self.shares_title, self.note or "")
        yield from (bar.label for bar in self.bars)
        yield from (name for name, _ in self.shares)


def draw_chart(chart: Chart) -> bytes:
    """Return the picture; it takes about a second, so call it off the event loop."""
    # Importing it takes half a second and some 40 MB, which a bot whose statistics nobody opens saves.
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    size = _INCHES if chart.note is None else _NOTE_INCHES
    figure = Figure(figsize=size, dpi=_DPI, facecolor=_GROUND)
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.25))
    figure.suptitle(chart.title, color=_INK, fontsize=_TEXT_POINTS + 5, fontweight="bold")
    if chart.note is not None:
        figure.text(
            0.5, 0.5, chart.note, color=_INK, fontsize=_TEXT_POINTS + 3, ha="center", va="center", wrap=True
        )
    else:
        bars, shares = figure.subplots(1, 2, width_ratios=(3, 2))
        _draw_bars(bars, chart)
        _draw_shares(shares, chart)
    picture = BytesIO()
    figure.savefig(picture, format="png", facecolor=_GROUND)
    return picture.getvalue()


def can_draw(texts: Iterable[str]) -> bool:
    """Tell whether the font of the pictures has every character of the texts."""
    from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: PLC0415 - as above

    glyphs = get_font(findfont(FontProperties())).get_charmap()
    return all(ord(character) in glyphs for text in texts for character in text if character != "\n")


def _draw_bars(axes: "Axes", chart: Chart) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    places = range(len(chart.bars))
    first = [bar.first for bar in chart.bars]
    axes.bar(places, first, width=0.8, color=_FIRST, label=chart.first)
    axes.bar(
        places, [bar.second for bar in chart.bars], bottom=first, width=0.8, color=_SECOND, label=chart.second
    )
    shown = _choose_labels(len(chart.bars))
    axes.set_xticks(shown, [chart.bars[place].label for place in shown])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        labelcolor=_INK,
        fontsize=_TEXT_POINTS - 2,
        handlelength=1,
        borderaxespad=0.2,
    )
    _style(axes)


def _draw_shares(axes: "Axes", chart: Chart) -> None:
    shares = chart.shares
    places = range(len(shares))
    drawn = axes.barh(places, [count for _, count in shares], height=0.35, color=_SHARE)
    # The names stand above their bars, where a long one has the whole width.
    for place, (name, _) in zip(places, shares, strict=True):
        axes.text(0, place - 0.25, name, color=_INK, fontsize=_TEXT_POINTS - 2, va="bottom", ha="left")
    axes.bar_label(drawn, padding=6, color=_INK, fontsize=_TEXT_POINTS - 2)
    axes.set_ylim(MOST_SHARES - 0.4, -0.8)
    axes.set_xlim(0, 1.35 * max(count for _, count in shares))
    axes.set_title(chart.shares_title, color=_INK, fontsize=_TEXT_POINTS, loc="left")
    _style(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)


def _style(axes: "Axes") -> None:
    axes.set_facecolor(_GROUND)
    axes.tick_params(colors=_INK, labelsize=_TEXT_POINTS - 3, length=0, pad=12)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_FAINT)


def _choose_labels(count: int) -> Sequence[int]:
    """Return the places of a few labels, evenly apart; the last bar, which is about now, has one."""
    step = max(1, -(-count // _MOST_LABELS))
    return range((count - 1) % step, count, step)
