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

from tfx_pipeline.figures.drawing import COLOURS, MARKERS, STYLE, short, square_axes, svg_of

_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES = 5.6, 0.34, 0.8
# A confusion matrix: labels up to which it shows its counts, and columns of a label.
_MOST_COUNTED, _LONGEST_CLASS = 8, 16
_CELL_INCHES, _CHARACTER_INCHES = 0.3, 0.09


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
    names = [short(label, _LONGEST_CLASS) for label in labels]
    counted = len(labels) <= _MOST_COUNTED
    # A count of a million needs more room than one of ten.
    width_inches = max(0.5, 0.11 * len(f"{table.max(initial=0.0):,.0f}")) if counted else _CELL_INCHES
    room_inches = _FRAME_INCHES + _CHARACTER_INCHES * max(map(len, names), default=0)
    with mpl.rc_context({**STYLE, "svg.hashsalt": "|".join(labels)}):
        size = (room_inches + width_inches * len(labels), room_inches + _CELL_INCHES * len(labels))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        # Names end at their column, so that a longer one needs no room at the right.
        axes.set_xticks(
            range(len(labels)), names, rotation=45 if counted else 90, rotation_mode="anchor", ha="right",
            va="top" if counted else "center",
        )  # fmt: skip
        axes.set_yticks(range(len(labels)), names)
        axes.set_xlabel("given")
        axes.set_ylabel("true")
        if counted:
            for row, column in np.ndindex(*table.shape):
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{table[row, column]:,.0f}", ha="center", va="center", color=colour)
        return svg_of(figure)


def calibration_chart(
    bins: Sequence[Mapping[str, float]], of: str = "the best label", share: str = "share that is right", most: float = 1
) -> Markup:
    """Draws how often something is true beside its probability, larger where there are more rows.

    Args:
        bins: Each with `probability`, `accuracy` and `rows`.
        of: What the probability is of.
        share: What the share that is true is called.
        most: The largest probability and share that are drawn.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": "calibration"}):
        axes, figure = square_axes()
        axes.plot([0, most], [0, most], color="0.6", linewidth=1)
        largest = max((each["rows"] for each in bins), default=1)
        sizes = [20 + 180 * each["rows"] / largest for each in bins]
        axes.scatter(
            [each["probability"] for each in bins], [each["accuracy"] for each in bins], sizes, color=COLOURS[0]
        )
        axes.set_xlim(0, most)
        axes.set_ylim(0, most)
        axes.set_xlabel(f"probability of {of}")
        axes.set_ylabel(share)
        return svg_of(figure)


def curves_chart(
    curves: Mapping[str, Sequence[Sequence[float]]], of: str, unit: str, *, straight: bool = True
) -> Markup:
    """Draws curves, each beside the straight line to its end where that says something.

    Args:
        curves: Points of x from 0 to 1 and y, by name.
        of: What x is.
        unit: What y is.
        straight: Whether the straight lines are drawn.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": "|".join(curves) + unit}):
        axes, figure = square_axes()
        for number, (name, points) in enumerate(curves.items()):
            colour = COLOURS[number % len(COLOURS)]
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=colour, label=short(name))
            if straight:
                axes.plot([0.0, x[-1]], [0.0, y[-1]], color=colour, linewidth=1, linestyle=":")
        axes.set_xlim(0, 1)
        axes.set_xlabel(of)
        axes.set_ylabel(unit)
        axes.legend(loc="upper left", frameon=False, fontsize=10)
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
