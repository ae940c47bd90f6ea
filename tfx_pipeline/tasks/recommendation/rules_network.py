"""The network of the strongest rules: products or categories, and what leads from one to another."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import networkx as nx
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from tfx_pipeline.figures.drawing import COLOURS, STYLE, svg_of

_SIZE_INCHES = (10.0, 6.4)
_ASPECT = _SIZE_INCHES[0] / _SIZE_INCHES[1]
_LABEL_WIDTH, _LABEL_LINES, _LABEL_POINTS = 20, 4, 8
_WIDEST, _NARROWEST = 3.5, 0.8


def rules_network(rules: Sequence[Mapping[str, Any]]) -> Markup:
    """Draws an arrow for each pair of a rule's antecedent member and its consequent, wider for a higher lift.

    Parts that nothing connects are laid out on their own, by Kamada and Kawai (1989), and packed beside each other.

    Args:
        rules: Each with `bought` and `together_with`, lists of names, and `lift`.
    """
    graph = nx.DiGraph()
    for rule in rules:
        for member in rule["bought"]:
            known = graph.get_edge_data(member, rule["together_with"][0], {"lift": 0.0})["lift"]
            graph.add_edge(member, rule["together_with"][0], lift=max(known, float(rule["lift"])))
    places = _places(graph)
    lifts = np.array([lift for _, _, lift in graph.edges(data="lift")])
    widths = np.interp(np.log(np.maximum(lifts, 1.0)), *_range_of(np.log(np.maximum(lifts, 1.0))))
    with mpl.rc_context({**STYLE, "svg.hashsalt": "|".join(graph.nodes)}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.margins(0.08)
        nx.draw_networkx_edges(
            graph, places, ax=axes, width=widths.tolist(), edge_color="0.65", node_size=160, arrowsize=11,
            connectionstyle="arc3,rad=0.12",
        )  # fmt: skip
        nx.draw_networkx_nodes(graph, places, ax=axes, node_size=120, node_color=COLOURS[0])
        for name, (x, y) in places.items():
            axes.annotate(
                _label(name),
                (x, y),
                xytext=(0, -9),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=_LABEL_POINTS,
            )
        return svg_of(figure, _LABEL_POINTS)


def _places(graph: Any) -> dict[str, tuple[float, float]]:
    """Returns where each node stands: connected parts in rows, the largest first, each in a square of its size."""
    parts = sorted(nx.weakly_connected_components(graph), key=lambda part: (-len(part), min(part)))
    sides = [float(np.sqrt(len(part))) for part in parts]
    width = max(np.sqrt(np.square(sides).sum() * _ASPECT), max(sides, default=0.0))
    places: dict[str, tuple[float, float]] = {}
    left = top = row_height = 0.0
    for part, side in zip(parts, sides, strict=True):
        if left > 0.0 and left + side > width:
            left, top, row_height = 0.0, top - row_height, 0.0
        # In order of names, so that the same rules make the same picture.
        members = nx.Graph()
        members.add_nodes_from(sorted(part))
        members.add_edges_from(sorted(graph.subgraph(part).to_undirected().edges))
        found = nx.kamada_kawai_layout(members, scale=0.36 * side)
        centre = (left + side / 2, top - side / 2)
        places |= {name: (centre[0] + float(x), centre[1] + float(y)) for name, (x, y) in found.items()}
        left, row_height = left + side, max(row_height, side)
    return places


def _range_of(values: np.ndarray) -> tuple[list[float], list[float]]:
    """Returns what `numpy.interp` maps: least and largest value to the narrowest and the widest line."""
    least, largest = float(values.min()), float(values.max())
    return [least, largest if largest > least else least + 1.0], [_NARROWEST, _WIDEST]


def _label(name: str) -> str:
    """Returns a name in a few short lines; of a category's levels, the last."""
    lines = textwrap.wrap(name.rpartition(" > ")[2], _LABEL_WIDTH)
    return "\n".join(
        lines if len(lines) <= _LABEL_LINES else [*lines[: _LABEL_LINES - 1], f"{lines[_LABEL_LINES - 1]}…"]
    )
