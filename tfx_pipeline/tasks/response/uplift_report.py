"""What the report shows of uplift, and of segments and offers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.charts import curves_chart
from tfx_pipeline.figures.tables import UNKNOWN, Cell, Table, words_cell
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.response.campaign.publishing import offers_by_segment
from tfx_pipeline.tasks.response.uplift_outcome import in_words, uplift_lines

_ESTIMATES = ("ips", "self_normalised", "doubly_robust")
_MOST_OFFERS = 12


def uplift_figures(summary: TaskSummary) -> list[Figure]:
    """Returns the uplift curve of each treatment."""
    uplift: Mapping[str, Any] | None = summary.detail("uplift")
    curves = {name: found["curve"] for name, found in (uplift or {}).get("treatments", {}).items() if found["curve"]}
    if not curves:
        return []
    caption = "What treating those first adds whom the model puts first; the straight lines are an order at random."
    return [Figure(caption, curves_chart(curves, "share of the users", "outcomes added, of all users"))]


def uplift_blocks(summary: TaskSummary) -> list[Block]:
    """Returns what each treatment adds, whom the model tells apart, and what some rules of showing are worth."""
    uplift: Mapping[str, Any] | None = summary.detail("uplift")
    if not uplift:
        return []
    names = [name for name in next(iter(uplift["treatments"].values())) if name.startswith("uplift_at_")]
    treatments = Table(
        ["treatment", "users", "control", "adds on average", "Qini", *(name.replace("_", " ") + "%" for name in names)],
        [
            [
                words_cell(name),
                Cell(f"{found['treated']:,}"),
                Cell(f"{found['control']:,}"),
                *(_interval(found.get(measure)) for measure in ("effect", "qini", *names)),
            ]
            for name, found in uplift["treatments"].items()
        ],
    )
    policies = Table(
        ["shown", *(name.replace("_", " ") for name in _ESTIMATES), "effective rows"],
        [
            [
                words_cell(in_words(name)),
                *(_interval(found[estimate]) for estimate in _ESTIMATES),
                Cell(f"{found['effective_rows']:,.0f} of {found['rows']:,}"),
            ]
            for name, found in uplift["policies"].items()
        ],
    )
    note = "Outcomes an impression, from the test's own propensities, with 95% intervals."
    return [
        Block("What treatments add", treatments, lines=uplift_lines(summary)),
        Block("What showing by a rule is worth", policies, note=note),
    ]


def offer_blocks(summary: TaskSummary, root: Path | None) -> list[Block]:
    """Returns a matrix of segments by current offers, of a blessed run."""
    if root is None or not summary.blessed:
        return []
    found = offers_by_segment(root)
    if not found:
        return []
    offers = list(dict.fromkeys(offer for row in found.values() for offer in row))[:_MOST_OFFERS]
    rows = [[words_cell(segment), *(_expected(row.get(offer)) for offer in offers)] for segment, row in found.items()]
    note = "Mean probability of a response to each current offer; after a sign, what showing it adds."
    return [Block("Segments by offers", Table(["segment", *offers], rows), note=note)]


def _interval(found: Mapping[str, float | None] | None) -> Cell:
    if not found or found["mean"] is None:
        return Cell(UNKNOWN)
    if found["low"] is None:
        return Cell(f"{found['mean']:.4f}")
    return Cell(f"{found['mean']:.4f} ({found['low']:.4f} to {found['high']:.4f})")


def _expected(found: Mapping[str, float | None] | None) -> Cell:
    if found is None or found["probability"] is None:
        return Cell(UNKNOWN)
    added = "" if found["uplift"] is None else f" {found['uplift']:+.3f}"
    return Cell(f"{found['probability']:.3f}{added}")
