"""Gaps between slices of test users or texts: which are beyond chance, and which refuse a model."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from trainer.metrics.gaps import Gap
from trainer.metrics.significance import holm

# Members of a slice, and as many others, from which on a gap is tested.
LEAST_MEMBERS = 30
# How seldom chance alone makes a gap, or refuses a model, among all slices and metrics together.
LEVEL = 0.01


class SliceGap(NamedTuple):
    """A slice beside all others that have a value in the same column.

    Attributes:
        column: The column.
        slice: The slice's name.
        metric: The metric.
        members: How many the slice has.
        gap: What the metric of the slice is more than that of the others; None where it is not defined.
    """

    column: str
    slice: str
    metric: str
    members: int
    gap: Gap | None


def gap_details(gaps: Iterable[SliceGap]) -> dict[str, Any]:
    """Returns what an evaluation says of gaps: by column, slice and metric.

    Each has `difference`, `low` and `high` of a 95% interval, and `p_value`, corrected for all gaps together (Holm), by
    which `beyond_chance` is true or false; or nothing but `difference` None where it is not defined.
    """
    listed = list(gaps)
    corrected = iter(holm([each.gap.p_value for each in listed if each.gap is not None]))
    found: dict[str, Any] = {}
    for each in listed:
        metrics = found.setdefault(each.column, {}).setdefault(each.slice, {})
        if each.gap is None:
            metrics[each.metric] = {"difference": None}
            continue
        low, high = each.gap.interval
        p_value = next(corrected)
        metrics[each.metric] = {
            "difference": each.gap.difference,
            "low": low,
            "high": high,
            "p_value": p_value,
            "beyond_chance": p_value <= LEVEL,
        }
    return found


def gap_refusals(gaps: Iterable[SliceGap], max_gap: Mapping[str, float]) -> list[str]:
    """Returns a sentence for each slice that falls short of the others by more than it may, beyond chance.

    Args:
        gaps: All that were tested.
        max_gap: How far a slice may fall short, by metric.
    """
    judged = [
        (each, each.gap, max_gap[each.metric]) for each in gaps if each.gap is not None and each.metric in max_gap
    ]
    p_values = holm([gap.shortfall_p_value(allowed) for _, gap, allowed in judged])
    return [
        f"{each.metric} of the slice {each.slice} is {-gap.difference:.4f} below that of all others; `gate.max_gap` "
        f"allows {allowed:.4f}, and so much more is beyond chance."
        for (each, gap, allowed), p_value in zip(judged, p_values, strict=True)
        if p_value <= LEVEL
    ]


def gap_notes(gaps: Iterable[SliceGap], max_gap: Mapping[str, float]) -> list[str]:
    """Returns a sentence for each gap that `max_gap` is about and that is not defined."""
    return [
        f"{each.metric} of the slice {each.slice} has no gap to the others: a label is missing on one of both sides."
        for each in gaps
        if each.gap is None and each.metric in max_gap
    ]
