"""What the report says of segments."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.tables import UNKNOWN, Cell, Table, words_cell
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.segmentation.segment_charts import flow_chart, map_chart
from tfx_pipeline.tasks.segmentation.segment_files import read_segment_files

_SHOWN_KINDS = 5


def segment_figures(summary: TaskSummary, root: Path | None) -> list[Figure]:
    """Returns where users are and where they went since the last blessed run, of a blessed run."""
    segments, vocabulary = _published(root) if summary.blessed else {}, _vocabulary(summary)
    figures = []
    if segments.get("map"):
        caption = f"{len(segments['map']):,} users as the model sees them, by segment; those alike are near each other."
        figures.append(Figure(caption, map_chart(segments["map"], vocabulary)))
    if segments.get("transitions"):
        users = sum(way["users"] for way in segments["transitions"])
        caption = f"Where {users:,} users went since the last blessed run."
        if summary.detail("definitions_changed"):
            caption += " The cut points have changed since: part of these moves are moves of the cut points."
        figures.append(Figure(caption, flow_chart(segments["transitions"], vocabulary)))
    return figures


def segment_blocks(summary: TaskSummary, root: Path | None) -> list[Block]:
    """Returns what each segment means, and what its users are like."""
    blocks, definitions, published = [], summary.detail("segment_definitions"), _published(root)
    if definitions:
        blocks.append(Block("What the segments mean", definitions_table(definitions)))
    discovery, chances = summary.detail("discovery"), summary.detail("profiles")
    if discovery:
        note = f"Among {discovery['users']:,} users. Taken is the number with the largest stability times silhouette."
        blocks.append(Block("How many segments there are", discovery_table(discovery), note=note))
    if chances and "brier" in chances:
        note = f"Within {chances['chance_days']:g} days, over {chances['judged_users']:,} users that were kept out."
        blocks.append(Block("The chance to buy in a category", chances_table(chances), note=note))
    if chances and "cold_product_users" in chances:
        note = (
            f"{chances['cold_products']:,} products first sold in the last {chances['chance_days']:g} days, ranked "
            f"among themselves for {chances['cold_product_users']:,} users who bought one of them and were kept out."
        )
        blocks.append(Block("New products", cold_products_table(chances), note=note))
    # Only a blessed run publishes its segments.
    profiles = published.get("profiles") if summary.blessed else None
    if profiles:
        note = "Spend and visits are means a user over the last period."
        table = profiles_table(profiles, _vocabulary(summary))
        blocks.append(Block("Segments of the active users", table, note=note))
        told = {name: profile["description"] for name, profile in profiles.items() if profile.get("description")}
        if told:
            blocks.append(Block("What sets segments apart", lines=[f"{name}: {text}" for name, text in told.items()]))
    elif published:
        blocks.append(Block(lines=["The segments under segments/ are of an earlier model and are left as they are."]))
    return blocks


def definitions_table(definitions: Iterable[Mapping[str, Any]]) -> Table:
    """Returns the spends of a period between which each segment lies; nobody is in one that begins where it ends."""
    rows = []
    for each in definitions:
        nobody = " (nobody)" if each["from"] is not None and each["from"] == each["to"] else ""
        rows.append([words_cell(each["segment"] + nobody), *(_money(each[end]) for end in ("from", "to"))])
    return Table(["segment", "spends more than", "up to"], rows)


def discovery_table(discovery: Mapping[str, Any]) -> Table:
    """Returns each number of segments that was tried, how stable it was and how far apart its segments lie."""
    rows = [
        [Cell(f"{each['segments']}"), Cell(f"{each['stability']:.2f}"), Cell(f"{each['silhouette']:.2f}")]
        for each in discovery["tried"]
    ]
    return Table(["segments", "halves of the users agree by", "silhouette"], rows)


def chances_table(chances: Mapping[str, Any]) -> Table:
    """Returns how good chances are, beside the peer's."""
    rows = [
        [
            words_cell("this model"),
            Cell(f"{chances['brier']:.4f}"),
            Cell(f"{chances['calibration_error']:.3f}"),
        ],
        [words_cell("share of the last two periods"), Cell(f"{chances['share_brier']:.4f}"), Cell(UNKNOWN)],
    ]
    return Table(["", "Brier score", "calibration error"], rows)


def cold_products_table(chances: Mapping[str, Any]) -> Table:
    """Returns how well new products are ordered, beside the peers."""
    rows = [
        [words_cell(told), Cell(f"{chances[f'cold_product_{key}recall_at_10']:.4f}")]
        for told, key in (
            ("this model", ""),
            ("what the user bought in the category", "category_"),
            ("what sells in the category", "popularity_"),
        )
    ]
    return Table(["", "recall at 10"], rows)


def profiles_table(profiles: Mapping[str, Any], vocabulary: Sequence[str]) -> Table:
    """Returns what the users of each segment are like, in the order of the vocabulary."""
    order = [*(name for name in vocabulary if name in profiles), *(name for name in profiles if name not in vocabulary)]
    return Table(
        ["segment", "users", "spend", "visits", "days since the last", "kinds, with their lift"],
        [[words_cell(name), *_profile_cells(profiles[name])] for name in order],
    )


def _published(root: Path | None) -> dict[str, Any]:
    return {} if root is None else read_segment_files(root)


def _vocabulary(summary: TaskSummary) -> list[str]:
    """Returns the segments in their own order."""
    confusion: Mapping[str, Any] = summary.detail("confusion") or {}
    return list(confusion.get("labels", ()))


def _profile_cells(profile: Mapping[str, Any]) -> list[Cell]:
    kinds = ", ".join(f"{kind['kind']} ({kind['lift']:.1f})" for kind in profile["kinds"][:_SHOWN_KINDS])
    return [
        Cell(f"{profile['users']:,} ({profile['share']:.0%})"),
        Cell(f"{profile['spend']:,.2f}"),
        Cell(f"{profile['visits']:.1f}"),
        Cell(f"{profile['days_since_last']:.0f}"),
        words_cell(kinds or UNKNOWN),
    ]


def _money(value: float | None) -> Cell:
    return Cell(UNKNOWN if value is None else f"{value:,.2f}")
