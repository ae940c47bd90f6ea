"""The pictures of the report, as SVG that scales to a phone and prints."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfx_pipeline.report.drawing import COLOURS, MARKERS, STYLE, short, svg_of

_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES = 5.6, 0.34, 0.8
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
                axes.plot([low, high], [row, row], color=COLOURS[0], linewidth=2)
            axes.plot(interval.mean, row, "o", color=COLOURS[0], markerfacecolor=COLOURS[0] if clear else "white")
    return svg()


def dots_chart(values: Mapping[str, Mapping[str, float | None]], unit: str) -> Markup:
    """Draws a row for each key, with a dot for each of its values; None is left out."""
    series = list(dict.fromkeys(name for row in values.values() for name in row))
    with _rows_chart(list(values), unit) as (axes, svg):
        for number, name in enumerate(series):
            points = [(row[name], place) for place, row in enumerate(values.values()) if row.get(name) is not None]
            x, y = zip(*points, strict=True)
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            axes.plot(x, y, color=colour, marker=marker, linestyle="", label=short(name))
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=10)
    return svg()


def durations_chart(seconds: Mapping[str, float], most: int = 12) -> Markup:
    """Draws the longest durations as bars, the longest first."""
    longest = sorted(seconds.items(), key=lambda item: -item[1])[:most]
    with _rows_chart([name for name, _ in longest], "seconds") as (axes, svg):
        bars = axes.barh(range(len(longest)), [value for _, value in longest], color=COLOURS[0], height=0.6)
        axes.bar_label(bars, labels=[f"{value:,.1f}" for _, value in longest], padding=3)
        axes.margins(x=0.12)
    return svg()


def confusion_chart(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Draws how many of each label (row) were given each label (column), coloured by the share of the row."""
    table = np.asarray(counts, float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    with mpl.rc_context({**STYLE, "svg.hashsalt": "|".join(labels)}):
        side = _FRAME_INCHES + _ROW_INCHES * max(len(labels), 4)
        figure = Figure(figsize=(min(side + 2.0, 8.0), min(side + 0.6, 7.0)), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        names = [short(label) for label in labels]
        axes.set_xticks(range(len(labels)), names, rotation=90 if len(labels) > _MOST_COUNTED else 30)
        axes.set_yticks(range(len(labels)), names)
        axes.set_xlabel("given")
        axes.set_ylabel("true")
        if len(labels) <= _MOST_COUNTED:
            for row, column in np.ndindex(*table.shape):
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{table[row, column]:,.0f}", ha="center", va="center", color=colour)
        return svg_of(figure)


@contextmanager
def _rows_chart(labels: Sequence[str], unit: str) -> Iterator[tuple[Axes, Any]]:
    """Yields axes with a row for each label, and what turns them into SVG afterwards."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "|".join(labels) + unit}):
        figure = Figure(figsize=(_WIDTH_INCHES, _FRAME_INCHES + _ROW_INCHES * len(labels)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_yticks(range(len(labels)), [short(label) for label in labels])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        drawn: list[Markup] = []
        yield axes, drawn.pop
        drawn.append(svg_of(figure))
