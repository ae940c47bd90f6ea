"""What a private training promises, whom a model serves worse, and which products get the attention, as tables."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Cell, Table, in_words, words_cell
from tfx_pipeline.summary.gaps import reweighting_lines
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.summary.privacy import privacy_lines

# Gaps in the table, those least likely to be chance first.
_MOST_GAPS = 20
_GAPS_NOTE = (
    "How much better (+) or worse (−) a group is served than everybody else with a value in the same column. Chance is "
    "how often so large a difference comes up where there is none, corrected for all differences of the evaluation "
    "together; up to 0.01 it is called beyond chance. The interval is that of the one difference."
)
_PRIVACY_NOTE = (
    "Whoever sees the model can hardly tell whether a text, or a user, was among what it was trained on: "
    "the smaller epsilon is, the less. Delta is how likely that may fail."
)
_EXPOSURE_NOTE = (
    "Attention is the share of places in the users' answers, where a place counts the less the further down it is; "
    "events are what users did before. Chance is how often so large a difference comes up where there is none, "
    "corrected for all rows of all such tables together."
)


def trust_blocks(summary: TaskSummary) -> list[Block]:
    """Returns what a task's summary says of privacy, gaps between groups, and exposure; nothing where it does not."""
    blocks = []
    if promised := privacy_lines(summary):
        blocks.append(Block("Privacy", lines=promised, note=_PRIVACY_NOTE))
    gaps = [
        (gap["p_value"], name, metric, gap)
        for by_slice in (summary.detail("slice_gaps") or {}).values()
        for name, metrics in by_slice.items()
        for metric, gap in metrics.items()
        if gap["difference"] is not None
    ]
    if gaps:
        rows = [
            [words_cell(name), Cell(metric), *_tested(gap, "{:+.4f}")]
            for _, name, metric, gap in sorted(gaps, key=lambda each: each[0])[:_MOST_GAPS]
        ]
        headings = ["group", "metric", "difference", "95% interval", "chance"]
        blocks.append(Block("Gaps between groups", Table(headings, rows), note=_GAPS_NOTE))
    blocks += [_exposure(column, found) for column, found in (summary.detail("exposure") or {}).items()]
    if weighed := reweighting_lines(summary):
        blocks.append(Block("Groups that count alike in training", lines=weighed))
    return blocks


def _exposure(column: str, found: Mapping[str, Mapping[str, Any]]) -> Block:
    rows = [
        [
            words_cell(name or "(none)"),
            Cell(f"{each['exposure']:.1%}"),
            Cell(f"{each['events']:.1%}"),
            *_tested(each, "{:+.1%}"),
        ]
        for name, each in found.items()
    ]
    headings = [in_words(column), "attention", "events", "difference", "95% interval", "chance"]
    return Block(f"Attention by {in_words(column)}", Table(headings, rows), note=_EXPOSURE_NOTE)


def _tested(gap: Mapping[str, Any], form: str) -> list[Cell]:
    low, high = form.format(gap["low"]), form.format(gap["high"])
    chance = gap["p_value"]
    return [
        Cell(form.format(gap["difference"])),
        Cell(f"{low} to {high}"),
        Cell("under 0.0001" if chance < 1e-4 else f"{chance:.4f}"),
    ]
