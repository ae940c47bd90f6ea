"""What visitors searched for, by the gateway's log: what is asked more, what finds nothing, what nobody takes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from serving.model_names import SUPPORT_MODEL
from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Cell, Table, words_cell

# Where `shelfwise gateway --root ROOT` keeps it.
_FOLDER = Path("gateway") / "log" / "queries"
_WEEK_SECONDS = 7 * 86_400
_MOST_ROWS = 10
# Fewer are chance.
_LEAST_ASKED = 3
_RISING = 1.5
_ABANDONED = 0.5


@dataclass
class Asked:
    """How often a query was asked, and what became of that in the last week.

    Attributes:
        lately: Times in the last week.
        before: Times in the week before.
        empty: Times of the last week that it found nothing.
        known: Times of the last week that it found something and what came of that is known.
        taken: Those of them in which something found was clicked.
    """

    lately: int = 0
    before: int = 0
    empty: int = 0
    known: int = 0
    taken: int = 0

    @property
    def abandoned(self) -> int:
        """Times that something was found and nothing taken."""
        return self.known - self.taken


def query_blocks(root: Path | None) -> list[Block]:
    """Returns the queries that are worth a look; nothing where no gateway has logged any.

    Args:
        root: The run's folder; None where there is none to look at.
    """
    asked = read_queries(root / _FOLDER) if root is not None else {}
    table = queries_table(asked)
    if not table.rows:
        return []
    total = sum(each.lately for each in asked.values())
    note = (
        f"Of {total:,} searches in the last week of the log, {sum(each.empty for each in asked.values()):,} found "
        f"nothing and {sum(each.abandoned for each in asked.values()):,} found what nobody took."
    )
    return [Block("What visitors search for", table, note=note)]


def read_queries(folder: Path) -> dict[str, Asked]:
    """Returns how often each query was asked in the last two weeks of a log, in small letters."""
    files = sorted(folder.glob("*/*.parquet"))
    # A day's folder holds what was written on it, which was asked on it or not long before.
    days = sorted({file.parent.name for file in files})[-15:]
    found: defaultdict[str, Asked] = defaultdict(Asked)
    recent = [file for file in files if file.parent.name in days]
    now = max((time for file in recent for time in _times(file)), default=0)
    for file in recent:
        columns = ["asked_at", "query", "results", "clicked", "model"]
        for row in pq.read_table(file, columns=columns, partitioning=None).to_pylist():
            if row["model"] == SUPPORT_MODEL:  # A question that was handed over.
                continue
            _count(
                found[" ".join(row["query"].casefold().split())], now - row["asked_at"], row["results"], row["clicked"]
            )
    return dict(found)


def queries_table(asked: dict[str, Asked]) -> Table:
    """Returns the queries that rise, that find nothing, and that are abandoned, the most frequent first."""
    often = {query: each for query, each in asked.items() if each.lately >= _LEAST_ASKED}
    kinds = {
        "rising": {q: each.lately - each.before for q, each in often.items() if each.lately > _RISING * each.before},
        "finds nothing": {q: each.empty for q, each in often.items() if 2 * each.empty > each.lately},
        "abandoned": {q: each.abandoned for q, each in often.items() if each.abandoned > _ABANDONED * each.lately},
    }
    rows = [
        [
            words_cell(kind if place == 0 else ""),
            words_cell(query),
            *(Cell(f"{count:,}") for count in (each.lately, each.before, each.empty, each.abandoned)),
        ]
        for kind, sizes in kinds.items()
        for place, query in enumerate(sorted(sizes, key=lambda query: (-sizes[query], query))[:_MOST_ROWS])
        for each in (asked[query],)
    ]
    return Table(["", "query", "last week", "the week before", "found nothing", "nobody took anything"], rows)


def _count(asked: Asked, age_seconds: float, results: int, clicked: bool | None) -> None:
    if age_seconds >= _WEEK_SECONDS:
        asked.before += age_seconds < 2 * _WEEK_SECONDS
        return
    asked.lately += 1
    if not results:
        asked.empty += 1
    elif clicked is not None:
        asked.known += 1
        asked.taken += clicked


def _times(file: Path) -> Iterable[int]:
    times: list[int] = pq.read_table(file, columns=["asked_at"], partitioning=None).column(0).to_pylist()
    return times
