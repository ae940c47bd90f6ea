"""What the report says of a search."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Cell, Table, words_cell


def group_blocks(examples: Mapping[str, Any] | None) -> list[Block]:
    """Returns ten queries with the groups of what they found.

    Args:
        examples: What `components.search.judging.example_groups.example_groups` returned; None for an older run.
    """
    if not examples or not examples["answers"]:
        return []
    note = f"Queries: {examples['source']}. The hundred best results of each are grouped; a group stands with its best."
    return [Block("Groups of results", groups_table(examples["answers"]), note=note)]


def groups_table(answers: Sequence[Mapping[str, Any]]) -> Table:
    """Returns a row a group, with the query in the first of each."""
    rows = [
        [
            words_cell(answer["query"] if place == 0 else ""),
            words_cell(group["label"]),
            Cell(f"{group['products']:,}"),
            words_cell(" | ".join(group["titles"])),
        ]
        for answer in answers
        for place, group in enumerate(answer["groups"] or [{"label": "nothing found", "products": 0, "titles": []}])
    ]
    return Table(["query", "group", "results", "the best of them"], rows)
