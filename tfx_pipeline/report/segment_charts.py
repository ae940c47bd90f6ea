"""The pictures of segments: users on a plane, who moved from where to where, and how sure the model may be."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfx_pipeline.report.drawing import COLOURS, MARKERS, STYLE, short, svg_of

_SIDE_INCHES = 4.6
_COLUMN_WIDTH = 0.06
# Share of the height between the boxes of a flow.
_GAP = 0.03
_NOBODY = "not active"


def calibration_chart(bins: Sequence[Mapping[str, float]]) -> Markup:
    """Draws how often the best label is right beside its probability, larger where there are more rows."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "calibration"}):
        axes, figure = _square()
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        largest = max((each["rows"] for each in bins), default=1)
        sizes = [20 + 180 * each["rows"] / largest for each in bins]
        axes.scatter(
            [each["probability"] for each in bins], [each["accuracy"] for each in bins], sizes, color=COLOURS[0]
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("probability of the best label")
        axes.set_ylabel("share that is right")
        return svg_of(figure)


def map_chart(points: Sequence[Mapping[str, Any]]) -> Markup:
    """Draws users on a plane, coloured by segment."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "map"}):
        axes, figure = _square()
        for number, segment in enumerate(sorted({point["segment"] for point in points})):
            own = [point for point in points if point["segment"] == segment]
            axes.plot(
                [point["x"] for point in own],
                [point["y"] for point in own],
                color=COLOURS[number % len(COLOURS)],
                marker=MARKERS[number % len(MARKERS)],
                markersize=3,
                linestyle="",
                alpha=0.7,
                label=short(segment),
            )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=10)
        return svg_of(figure)


def flow_chart(ways: Sequence[Mapping[str, Any]]) -> Markup:
    """Draws how many users went from each segment to each, as bands between two columns."""
    sides = [_boxes(ways, side) for side in ("from", "to")]
    names = sorted({name for side in sides for name in side})
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    with mpl.rc_context({**STYLE, "svg.hashsalt": "flow"}):
        axes, figure = _square()
        for place, side in enumerate(sides):
            for name, (low, high) in side.items():
                axes.fill_between([place, place + _COLUMN_WIDTH], low, high, color=colours[name], linewidth=0)
                anchor, align = (-0.02, "right") if place == 0 else (1 + _COLUMN_WIDTH + 0.02, "left")
                axes.text(anchor, (low + high) / 2, short(name or _NOBODY), ha=align, va="center")
        used = [{name: low for name, (low, _) in side.items()} for side in sides]
        whole = sum(way["users"] for way in ways)
        across = np.linspace(0, 1, 30)
        for way in sorted(ways, key=lambda way: (way["from"], way["to"])):
            height = way["users"] / whole
            start, end = used[0][way["from"]], used[1][way["to"]]
            used[0][way["from"]] += height
            used[1][way["to"]] += height
            bend = start + (end - start) * (3 * across**2 - 2 * across**3)
            x = _COLUMN_WIDTH + across * (1 - _COLUMN_WIDTH)
            axes.fill_between(x, bend, bend + height, color=colours[way["from"]], alpha=0.35, linewidth=0)
        axes.set_xlim(-0.4, 1.4 + _COLUMN_WIDTH)
        axes.invert_yaxis()
        axes.set_axis_off()
        return svg_of(figure)


def _boxes(ways: Sequence[Mapping[str, Any]], side: str) -> dict[str, tuple[float, float]]:
    """Returns where each segment's box begins and ends."""
    users: dict[str, int] = {}
    for way in ways:
        users[way[side]] = users.get(way[side], 0) + way["users"]
    whole, low, boxes = sum(users.values()), 0.0, {}
    for name in sorted(users):
        boxes[name] = (low, low + users[name] / whole)
        low = boxes[name][1] + _GAP
    return boxes


def _square() -> tuple[Axes, Figure]:
    figure = Figure(figsize=(_SIDE_INCHES + 1.0, _SIDE_INCHES), layout="constrained")
    return figure.add_subplot(), figure
