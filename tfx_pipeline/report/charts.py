"""The pictures of the report, as SVG that scales to a phone and prints."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Colours that are told apart without seeing red or green, by Okabe and Ito (2008).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"
_STYLE: dict[Any, Any] = {
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 11,
    # The browser's fonts: they have the characters of every language, and a reader can search for them.
    "svg.fonttype": "none",
    "text.parse_math": False,
    "ytick.left": False,
}
_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES = 5.6, 0.34, 0.8
_LONGEST_LABEL = 34
# Labels up to which a confusion matrix shows its counts.
_MOST_COUNTED = 8


class Interval(NamedTuple):
    """A mean and its 95% interval, whose ends are None where too little was seen for one."""

    mean: float
    low: float | None
    high: float | None


def intervals_chart(intervals: Mapping[str, Interval], unit: str) -> Markup:
    """Draws intervals below each other, beside a line at 0."""
    with _rows_chart(list(intervals), unit) as (axes, svg):
        axes.axvline(0.0, color="0.5", linewidth=1)
        for row, interval in enumerate(intervals.values()):
            low, high = interval.low, interval.high
            clear = low is not None and high is not None and (low > 0.0 or high < 0.0)
            if low is not None and high is not None:
                axes.plot([low, high], [row, row], color=_COLOURS[0], linewidth=2)
            axes.plot(interval.mean, row, "o", color=_COLOURS[0], markerfacecolor=_COLOURS[0] if clear else "white")
    return svg()


def dots_chart(values: Mapping[str, Mapping[str, float | None]], unit: str) -> Markup:
    """Draws a row for each key, with a dot for each of its values; None is left out."""
    series = list(dict.fromkeys(name for row in values.values() for name in row))
    with _rows_chart(list(values), unit) as (axes, svg):
        for number, name in enumerate(series):
            points = [(row[name], place) for place, row in enumerate(values.values()) if row.get(name) is not None]
            x, y = zip(*points, strict=True)
            colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
            axes.plot(x, y, color=colour, marker=marker, linestyle="", label=_short(name))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=10)
    return svg()


def durations_chart(seconds: Mapping[str, float], most: int = 12) -> Markup:
    """Draws the longest durations as bars, the longest first."""
    longest = sorted(seconds.items(), key=lambda item: -item[1])[:most]
    with _rows_chart([name for name, _ in longest], "seconds") as (axes, svg):
        bars = axes.barh(range(len(longest)), [value for _, value in longest], color=_COLOURS[0], height=0.6)
        axes.bar_label(bars, labels=[f"{value:,.1f}" for _, value in longest], padding=3)
        axes.margins(x=0.12)
    return svg()


def confusion_chart(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Draws how many of each label (row) were given each label (column), coloured by the share of the row."""
    table = np.asarray(counts, float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "|".join(labels)}):
        side = _FRAME_INCHES + _ROW_INCHES * max(len(labels), 4)
        figure = Figure(figsize=(min(side + 2.0, 8.0), min(side + 0.6, 7.0)), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        names = [_short(label) for label in labels]
        axes.set_xticks(range(len(labels)), names, rotation=90 if len(labels) > _MOST_COUNTED else 30)
        axes.set_yticks(range(len(labels)), names)
        axes.set_xlabel("given")
        axes.set_ylabel("true")
        if len(labels) <= _MOST_COUNTED:
            for row, column in np.ndindex(*table.shape):
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{table[row, column]:,.0f}", ha="center", va="center", color=colour)
        return _svg(figure)


@contextmanager
def _rows_chart(labels: Sequence[str], unit: str) -> Iterator[tuple[Axes, Any]]:
    """Yields axes with a row for each label, and what turns them into SVG afterwards."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "|".join(labels) + unit}):
        figure = Figure(figsize=(_WIDTH_INCHES, _FRAME_INCHES + _ROW_INCHES * len(labels)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        drawn: list[Markup] = []
        yield axes, drawn.pop
        drawn.append(_svg(figure))


def _svg(figure: Figure) -> Markup:
    stream = io.StringIO()
    with warnings.catch_warnings():
        # The browser writes the text; here it is only measured, where a character may be wanting.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return Markup(text[text.index("<svg") :])


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
