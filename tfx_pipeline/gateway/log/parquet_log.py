"""The log's folders: a folder a table, a folder a day in it, and Parquet files that are whole or not there."""

import contextlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_NAME = re.compile(r"([a-z]+)-([A-Za-z0-9]+)-(.+)\.parquet")
_USER = "user_id"
# A folder that is called KEY=VALUE is read with the folder above it.
_DAY = "day=%Y-%m-%d"

_STRING, _TIME, _NUMBER, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

EVENTS = pa.schema(
    [
        ("user_id", _STRING),
        ("product_id", _STRING),
        ("event_type", _STRING),
        ("timestamp", _TIME),
        ("basket_id", _STRING),
        ("store_id", _STRING),
        ("quantity", _NUMBER),
        ("price", _NUMBER),
        ("dwell_seconds", _NUMBER),
        ("query", _STRING),
        ("value", _NUMBER),
        ("event_id", _STRING),
        ("request_id", _STRING),
    ]
)
IMPRESSIONS = pa.schema(
    [
        ("shown_at", _TIME),
        ("user_id", _STRING),
        ("product_id", _STRING),
        ("placement", _STRING),
        ("position", _NUMBER),
        ("propensity", _NUMBER),
        ("clicked", _FLAG),
        ("purchased", _FLAG),
        ("responded_at", _TIME),
        ("request_id", _STRING),
        ("model", _STRING),
        ("version", _TIME),
    ]
)
# A table of impressions is one of offers or one of products: a row needs a value in the first of the two that it has.
OFFER_IMPRESSIONS = IMPRESSIONS.set(IMPRESSIONS.get_field_index("product_id"), pa.field("offer_id", _STRING))
QUERIES = pa.schema(
    [
        ("asked_at", _TIME),
        ("user_id", _STRING),
        ("query", _STRING),
        ("results", _TIME),
        ("clicked", _FLAG),
        ("request_id", _STRING),
        ("model", _STRING),
        ("version", _TIME),
    ]
)


class ParquetLog:
    """Folders `events`, `impressions`, `offer_impressions` and `queries`, with a folder a day of UTC in each.

    A file's name says which records it holds, by the store's name and the last sequence, so that a file that is there
    says by itself what need not be written again: its appearance is the one moment at which records enter the log.

    Args:
        folder: Where they stand.
        outcomes: Columns of the impressions beside `clicked` and `purchased`.
    """

    def __init__(self, folder: Path, outcomes: Sequence[str] = ()) -> None:
        self._folder = folder
        more = [pa.field(name, _FLAG) for name in outcomes if name not in IMPRESSIONS.names]
        self._schemas = {
            "events": EVENTS,
            "impressions": pa.schema([*IMPRESSIONS, *more]),
            "offer_impressions": pa.schema([*OFFER_IMPRESSIONS, *more]),
            "queries": QUERIES,
        }

    @property
    def outcomes(self) -> list[str]:
        """The columns of impressions that say what came of them."""
        return [field.name for field in self._schemas["impressions"] if field.type == _FLAG]

    def write(
        self, table: str, rows: Sequence[dict[str, Any]], *, kind: str, store: str, sequence: str, at: float
    ) -> None:
        """Writes a file; when it returns, it outlives a crash.

        Args:
            table: The table.
            rows: Its rows.
            kind: Kind of the records that they are made of.
            store: Name of the store that they come from.
            sequence: Of the last of them there.
            at: Unix seconds, which say in which day's folder it stands.

        Raises:
            OSError: It cannot be written; then there is no file.
        """
        folder = self._folder / table / datetime.fromtimestamp(at, UTC).strftime(_DAY)
        # What holds users is for its owner alone; so are the files, as `mkstemp` makes them.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = pa.Table.from_pylist(list(rows), schema=self._schemas[table])
        _replace(folder / f"{kind}-{store}-{sequence}.parquet", content)

    def last_sequence(self, table: str, *, kind: str, store: str) -> str:
        """Returns the last sequence of a kind and a store that is in the log; empty where none is."""
        found = [
            match.group(3)
            for file in self._files(table)
            if (match := _NAME.fullmatch(file.name)) and match.group(1, 2) == (kind, store)
        ]
        return max(found, default="")

    def rows_of(self, table: str, user: str) -> list[dict[str, Any]]:
        """Returns the rows of a user."""
        found: list[dict[str, Any]] = []
        for file in self._files(table):
            rows = pq.read_table(file, filters=[(_USER, "=", user)], partitioning=None)
            found.extend(rows.to_pylist())
        return found

    def shown_offers(self) -> Counter[str]:
        """Returns how often each offer is in the log."""
        shown: Counter[str] = Counter()
        for file in self._files("offer_impressions"):
            column = pq.read_table(file, columns=["offer_id"], partitioning=None).column(0)
            for each in column.value_counts():
                shown[each["values"].as_py()] += each["counts"].as_py()
        return shown

    def forget(self, user: str) -> int:
        """Removes the rows of a user from all files; returns how many there were.

        Raises:
            OSError: A file cannot be written; those before it are done, and doing it again does the rest.
        """
        removed = 0
        for table in self._schemas:
            for file in self._files(table):
                content = pq.read_table(file, partitioning=None)
                others = content.filter(pc.fill_null(pc.not_equal(content.column(_USER), user), True))
                if others.num_rows < content.num_rows:
                    # A file without rows stays: its name says what need not be written again.
                    _replace(file, others)
                    removed += content.num_rows - others.num_rows
        return removed

    def drop_old(self, before: float) -> None:
        """Removes the folders of days that ended before some Unix seconds."""
        first_kept = datetime.fromtimestamp(before, UTC).strftime(_DAY)
        for table in self._schemas:
            for file in self._files(table):
                if file.parent.name < first_kept:
                    file.unlink(missing_ok=True)
                    with contextlib.suppress(OSError):  # Others are still there.
                        file.parent.rmdir()

    def _files(self, table: str) -> Iterator[Path]:
        yield from sorted((self._folder / table).glob("*/*.parquet"))


def _replace(file: Path, content: pa.Table) -> None:
    """Writes a file beside the place, and moves it there when the disk has it."""
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            pq.write_table(content, stream, compression="zstd")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
