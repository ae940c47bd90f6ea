"""The quarantine: rows that a table's contract refuses, with their reasons, and how many of each there are."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import apache_beam as beam
from tfx.dsl.io import fileio

from components.tables.contract import USER_ID
from components.tables.user_ids import hash_user_id
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import JSON_LINES_SUFFIX, QUARANTINE_COUNTS_FILE, QUARANTINE_PREFIX, shards

UNKNOWN_EVENT_TYPE = "unknown_event_type"
# A row of another table may name a product that the products table lacks.
UNKNOWN_PRODUCT = "unknown_product"
UNKNOWN_PRODUCT_DETAIL = "the products table has no row of this product_id"
# Of very many bad rows, the first ones tell which values they have.
_ROWS_LOOKED_AT = 100_000
_VALUES_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class QuarantineCounts:
    """How many rows of a table were read, kept and refused.

    Attributes:
        table: The table's name.
        rows: Rows read; always `good` and all of `bad` and of `set_aside` together.
        good: Rows kept.
        bad: Refused rows by reason.
        set_aside: Rows that are right but not used, such as returns, by reason.
        notes: What the owner of the table should know of it, one sentence each.
    """

    table: str
    rows: int
    good: int
    bad: Mapping[str, int]
    set_aside: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def without_zeros(cls, table: str, rows: int, bad: Mapping[str, int]) -> "QuarantineCounts":
        """Returns the counts of rows of which so many are refused for each reason; reasons without a row are left out.

        Args:
            table: The table's name.
            rows: Rows read.
            bad: Refused rows by reason.
        """
        found = {reason: count for reason, count in bad.items() if count}
        return cls(table=table, rows=rows, good=rows - sum(found.values()), bad=found)

    @property
    def bad_fraction(self) -> float:
        """Refused rows as a fraction of the rows read."""
        return sum(self.bad.values()) / self.rows if self.rows else 0.0

    def describe_bad(self) -> str:
        """Lists the reasons with their counts, most frequent first."""
        return ", ".join(f"{reason} ({self.bad[reason]:,})" for reason in self.bad_reasons()) or "none"

    def bad_reasons(self) -> list[str]:
        """Lists the reasons, most frequent first."""
        return sorted(self.bad, key=lambda reason: (-self.bad[reason], reason))

    def describe_unused(self) -> str:
        """Lists the reasons of all rows that are not kept, with their counts, most frequent first."""
        return replace(self, bad={**self.bad, **self.set_aside}).describe_bad()


def quarantine_line(table: str, reason: str, detail: str, row: Mapping[str, Any], user_id_key: str | None) -> str:
    """Writes a refused row as one line of JSON, without a line break at its end.

    Args:
        table: The table's name.
        reason: snake_case name of what is wrong.
        detail: What is wrong and where, in words.
        row: The row as far as it could be read.
        user_id_key: Key of the hash that takes the place of `user_id`, and of text that may hold one; None
            leaves both as they are.

    Returns:
        A JSON object with keys table, reason, detail and row.
    """
    shown = {name: _json_value(value) for name, value in row.items()}
    if user_id_key is not None:
        if shown.get(USER_ID) is not None:
            shown[USER_ID] = hash_user_id(str(shown[USER_ID]), user_id_key)
        if table in ("events", "users") and "line" in shown:
            shown["line"] = "(not shown, as it may hold a user id)"
    # Plain ASCII, so that whatever the row holds, the file can be read.
    return json.dumps({"table": table, "reason": reason, "detail": detail, "row": shown})


class WriteQuarantine(beam.PTransform):
    """Writes lines of `quarantine_line` as `quarantine-*.jsonl`.

    Args:
        uri: The quarantine's folder.
        name: What the files are of, where a quarantine is written more than once.
    """

    def __init__(self, uri: str, name: str = "") -> None:
        super().__init__()
        self._path = "-".join(part for part in (f"{uri}/{QUARANTINE_PREFIX}", name) if part)

    def expand(self, lines: beam.PCollection[str]) -> beam.PCollection[str]:
        """Adds the writing to a pipeline; returns the paths of the files."""
        return lines | "WriteLines" >> beam.io.WriteToText(self._path, file_name_suffix=JSON_LINES_SUFFIX)


def write_quarantine_counts(uri: str, counts: QuarantineCounts) -> None:
    """Writes `counts.json`; the last file of a quarantine, so where it is, all is there.

    Args:
        uri: The quarantine's folder.
        counts: What to write.
    """
    content = {
        "table": counts.table,
        "rows": counts.rows,
        "good": counts.good,
        "bad": dict(sorted(counts.bad.items())),
        "set_aside": dict(sorted(counts.set_aside.items())),
        "notes": list(counts.notes),
    }
    write_json(f"{uri}/{QUARANTINE_COUNTS_FILE}", content)


def read_quarantine_counts(uri: str) -> QuarantineCounts:
    """Reads `counts.json`.

    Args:
        uri: The quarantine's folder.

    Returns:
        The counts.
    """
    content = read_json(f"{uri}/{QUARANTINE_COUNTS_FILE}")
    return QuarantineCounts(**{**content, "notes": tuple(content["notes"])})


def quarantine_files(uri: str) -> str:
    """Returns the glob of a quarantine's lines."""
    return shards(uri, QUARANTINE_PREFIX, JSON_LINES_SUFFIX)


def refused_rows(uri: str, reason: str) -> Iterator[dict[str, Any]]:
    """Returns rows that were refused for a reason, as far as they could be read; of many rows, out of the first ones.

    Args:
        uri: The quarantine's folder.
        reason: The reason.
    """
    return (refused["row"] for refused in first_refused_rows(uri) if refused["reason"] == reason)


def describe_unknown_event_types(uri: str, counts: QuarantineCounts) -> str:
    """Names the values that the configuration does not know as event types, and the key that lists those it knows.

    Args:
        uri: The quarantine's folder.
        counts: What it holds.

    Returns:
        A sentence that follows the reasons, with a space before it; empty where no row has such a value.
    """
    if UNKNOWN_EVENT_TYPE not in counts.bad:
        return ""
    values = Counter(str(row.get("event_type")) for row in refused_rows(uri, UNKNOWN_EVENT_TYPE))
    shown = ", ".join(f"`{value}`" for value, _ in values.most_common(_VALUES_SHOWN))
    more = ", …" if len(values) > _VALUES_SHOWN else ""
    return f" Unknown as event types are {shown}{more}: if they are right, add them to the task's `event_types`."


def first_refused_rows(uri: str) -> Iterator[dict[str, Any]]:
    """Yields what `quarantine_line` wrote, parsed; of very many rows the first ones."""
    for line in itertools.islice(_lines(uri), _ROWS_LOOKED_AT):
        yield json.loads(line)


def _lines(uri: str) -> Iterator[str]:
    for path in sorted(fileio.glob(quarantine_files(uri))):
        with fileio.open(path, "r") as file:
            yield from file


def _json_value(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _json_value(item) for name, item in value.items()}
    return value
