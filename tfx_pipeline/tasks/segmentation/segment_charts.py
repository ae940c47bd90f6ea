"""The pictures of segments: users on a plane, and who moved from where to where."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup

from tfx_pipeline.figures.drawing import SIDE_INCHES, STYLE, label_looks, short, square_axes, svg_of

_COLUMN_WIDTH = 0.06
# Share of the height between the boxes of a flow.
_GAP = 0.03
_NOBODY = "not active"
_LONGEST_NAME = 16
# A box of a flow has at least room for its name.
_BOX_INCHES = 0.36
_LEGEND_COLUMNS, _LEGEND_ROW_INCHES = 3, 0.2


def map_chart(points: Sequence[Mapping[str, Any]], vocabulary: Sequence[str]) -> Markup:
    """Draws users on a plane, coloured by segment.

    Args:
        points: Each with `x`, `y` and `segment`.
        vocabulary: The segments in their own order.
    """
    segments = {point["segment"] for point in points}
    looks = {name: look for name, look in label_looks(vocabulary, segments).items() if name in segments}
    with mpl.rc_context({**STYLE, "svg.hashsalt": "map"}):
        axes, figure = square_axes(_LEGEND_ROW_INCHES * (len(looks) // _LEGEND_COLUMNS))
        drawn = []
        for segment, (colour, marker) in looks.items():
            own = [point for point in points if point["segment"] == segment]
            x, y = [point["x"] for point in own], [point["y"] for point in own]
            drawn += axes.plot(x, y, color=colour, marker=marker, markersize=3, linestyle="", alpha=0.7)
        axes.set_axis_off()
        axes.legend(
            drawn,
            [short(segment, _LONGEST_NAME) for segment in looks],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=_LEGEND_COLUMNS,
            frameon=False,
            fontsize=10,
            markerscale=2,
        )
        return svg_of(figure)


def flow_chart(ways: Sequence[Mapping[str, Any]], vocabulary: Sequence[str]) -> Markup:
    """Draws how many users went from each segment to each, as bands between two columns.

    Args:
        ways: Each with `from`, `to` and `users`; "" is no segment.
        vocabulary: The segments in their own order.
    """
    looks = label_looks(vocabulary, {way[side] for way in ways for side in ("from", "to")})
    order = list(looks)
    sides = [_boxes(ways, side, order) for side in ("from", "to")]
    with mpl.rc_context({**STYLE, "svg.hashsalt": "flow"}):
        axes, figure = square_axes(_BOX_INCHES * len(looks) - SIDE_INCHES)
        for place, side in enumerate(sides):
            for name, (low, high) in side.items():
                axes.fill_between([place, place + _COLUMN_WIDTH], low, high, color=looks[name].colour, linewidth=0)
                anchor, align = (-0.02, "right") if place == 0 else (1 + _COLUMN_WIDTH + 0.02, "left")
                axes.text(anchor, (low + high) / 2, short(name or _NOBODY, _LONGEST_NAME), ha=align, va="center")
        used = [{name: low for name, (low, _) in side.items()} for side in sides]
        whole = sum(way["users"] for way in ways)
        across = np.linspace(0, 1, 30)
        for way in sorted(ways, key=lambda way: (order.index(way["from"]), order.index(way["to"]))):
            height = way["users"] / whole
            start, end = used[0][way["from"]], used[1][way["to"]]
            used[0][way["from"]] += height
            used[1][way["to"]] += height
            bend = start + (end - start) * (3 * across**2 - 2 * across**3)
            x = _COLUMN_WIDTH + across * (1 - _COLUMN_WIDTH)
            axes.fill_between(x, bend, bend + height, color=looks[way["from"]].colour, alpha=0.35, linewidth=0)
        axes.set_xlim(0, 1 + _COLUMN_WIDTH)
        axes.margins(y=0.02)
        axes.invert_yaxis()
        axes.set_axis_off()
        return svg_of(figure)


def _boxes(ways: Sequence[Mapping[str, Any]], side: str, order: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Returns where each segment's box begins and ends, in the given order."""
    users: dict[str, int] = {}
    for way in ways:
        users[way[side]] = users.get(way[side], 0) + way["users"]
    whole, low, boxes = sum(users.values()), 0.0, {}
    for name in sorted(users, key=order.index):
        boxes[name] = (low, low + users[name] / whole)
        low = boxes[name][1] + _GAP
    return boxes
