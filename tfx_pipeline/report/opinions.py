"""What reviews say over time, for the report; `shelfwise opinions` writes what this reads."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Cell, Table, words_cell

# Under the root of a run.
FOLDER = "opinions"
_MOST_ALARMS, _MOST_ASPECTS, _MOST_COPIED = 30, 20, 10
_MOST_CHARACTERS = 160
_ALL = "all"


def read_table(root: Path, name: str) -> pa.Table:
    """Returns one of the tables of opinions; see `components/opinions/tables.py`.

    Args:
        root: The run's folder.
        name: `shares`, `alarms`, `aspects` or `marked`.
    """
    files = sorted((root / FOLDER).glob(f"{name}-*.parquet"))
    return pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])


def alarm_words(alarm: Mapping[str, Any]) -> list[str]:
    """Returns what an alarm is of, its weeks, its reviews, and the shares of negative ones then and usually."""
    first, last = alarm["first_week"], alarm["last_week"]
    return [
        alarm["level"] if alarm["level"] == _ALL else f"{alarm['level']} {alarm['name']}",
        f"{first}" if first == last else f"{first} to {last}",
        f"{alarm['reviews']:,}",
        f"{alarm['share']:.0%} ({alarm['low']:.0%} to {alarm['high']:.0%})",
        f"{alarm['usual_share']:.0%}",
    ]


def opinion_blocks(root: Path | None) -> list[Block]:
    """Returns what the report says of opinions; nothing where `shelfwise opinions` has not been asked.

    Args:
        root: The run's folder; None where there is none to look at.
    """
    if root is None or not (root / FOLDER).is_dir():
        return []
    return [_alarms(root), _aspects(root), _marks(root)]


def _alarms(root: Path) -> Block:
    alarms = read_table(root, "alarms").to_pylist()
    shares = read_table(root, "shares")
    whole = shares.filter(pc.equal(shares.column("level"), _ALL))
    reviews, negatives = (pc.sum(whole.column(name)).as_py() or 0 for name in ("reviews", "negatives"))
    rows = [
        [words_cell(words[0]), words_cell(words[1]), *map(Cell, words[2:])]
        for words in map(alarm_words, alarms[:_MOST_ALARMS])
    ]
    note = (
        f"{len(alarms):,} alarms over {whole.num_rows:,} weeks, in which {negatives:,} of {reviews:,} reviews are "
        "negative. Each is a stretch of weeks that chance does not make so bad; of all of them, one in twenty may be "
        "chance."
    )
    table = Table(["of", "weeks", "reviews", "negative", "usually"], rows) if rows else None
    return Block("Weeks that were worse than usual", table, note=note)


def _aspects(root: Path) -> Block:
    rows = [
        [
            words_cell(each["aspect"]),
            Cell(f"{each['negatives']:,}"),
            Cell(f"{each['others']:,}"),
            words_cell(" / ".join(quote[:_MOST_CHARACTERS] for quote in each["quotes"])),
        ]
        for each in read_table(root, "aspects").slice(0, _MOST_ASPECTS).to_pylist()
    ]
    headings = ["what", "negative reviews that name it", "other reviews", "what they say"]
    return Block("What negative reviews are about", Table(headings, rows) if rows else None)


def _marks(root: Path) -> Block:
    marked = read_table(root, "marked")
    counts = Counter(marked.column("mark").to_pylist())
    copies = marked.filter(pc.equal(marked.column("mark"), "copy"))
    copied = Counter(copies.column("copied_text").to_pylist()).most_common(_MOST_COPIED)
    rows = [[words_cell(text[:_MOST_CHARACTERS]), Cell(f"{count:,}")] for text, count in copied]
    note = (
        f"{counts['copy']:,} reviews copy an earlier one, and count in no share; {counts['burst']:,} came on days with "
        f"far more reviews of their product than usual; {counts['repeated']:,} stand in the table more than once."
    )
    return Block(
        "Reviews that are copies or bursts", Table(["copied text", "copies"], rows) if rows else None, note=note
    )
