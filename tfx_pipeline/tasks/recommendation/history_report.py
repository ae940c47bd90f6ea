"""What the report says of how much of a history the model is shown."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import UNKNOWN, Cell, Table, in_words


def history_blocks(by_length: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """Returns a table with a row for each number of events shown, and the figures of each system.

    Args:
        by_length: What the summary says of the cold start; empty where nobody was judged.
    """
    if not by_length:
        return []
    first = next(iter(by_length.values()))
    figures = [name for name, value in first.items() if not isinstance(value, Mapping)]
    others = [(system, name) for system, values in first.items() if isinstance(values, Mapping) for name in values]
    headings = [
        "events shown",
        *map(in_words, figures),
        *(f"{in_words(system)}: {in_words(name)}" for system, name in others),
    ]
    rows = [
        [
            Cell(shown),
            *(_cell(found[name]) for name in figures),
            *(_cell(found[system][name]) for system, name in others),
        ]
        for shown, found in by_length.items()
    ]
    note = (
        "The same users, of whose histories the latest events are shown, or all. New products are those that were not "
        "shown; distinct products are in the lists of new ones, and shared products are what two users' lists have in "
        "common."
    )
    return [Block("By length of history", Table(headings, rows), note=note)]


def _cell(value: float | None) -> Cell:
    if value is None:
        return Cell(UNKNOWN)
    return Cell(f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
