"""The tables of the report."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

# Metrics of which more is better whatever the others are.
_ACCURACIES = ("recall", "ndcg", "mrr", "accuracy", "f1", "auc")
# Stands for a number that is not known.
UNKNOWN = "–"


class Cell(NamedTuple):
    """What a cell says, and how.

    Attributes:
        text: As it is shown.
        best: The largest of its row.
        words: Text, which may take several lines; a number does not.
    """

    text: str
    best: bool = False
    words: bool = False


class Table(NamedTuple):
    """Headings, and rows with a cell for each; the first cell names the row."""

    headings: list[str]
    rows: list[list[Cell]]


def metrics_table(systems: Mapping[str, Mapping[str, float | None]], metrics: Iterable[str]) -> Table:
    """Returns a row for each metric with its value by system; of an accuracy the largest is marked."""
    return Table(
        ["metric", *(in_words(system) for system in systems)],
        [[Cell(metric), *_metric_cells(metric, systems)] for metric in metrics],
    )


def in_words(name: str) -> str:
    """Returns a name of ours as people write it."""
    return name.replace("_", " ")


def _metric_cells(metric: str, systems: Mapping[str, Mapping[str, float | None]]) -> list[Cell]:
    values = [metrics.get(metric) for metrics in systems.values()]
    known = [value for value in values if value is not None]
    compared = len(known) > 1 and any(name in metric for name in _ACCURACIES)
    return [
        Cell(UNKNOWN) if value is None else Cell(f"{value:.4f}", best=compared and value == max(known))
        for value in values
    ]


def words_cell(text: str) -> Cell:
    """Returns a cell with a text in it."""
    return Cell(text, words=True)
