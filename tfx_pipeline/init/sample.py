"""What was read of files that are alike: their first rows, and how they are written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.files.value_arrays import text_array, value_text
from components.tables.reading.parsing import parse_column

# Values of a column that guesses look at, spread evenly over the rows that were read.
LOOKED_AT = 4_000
_SHOWN = 5
# Values that tell whether a column holds lists.
_TRIED = 50
MOST_DISTINCT = 200


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Files of one kind: one table, or a part of one.

    Attributes:
        path: What the configuration names: a file, a folder or a glob.
        rows: Rows as the files hold them, under the names that they have there.
        complete: Whether these are all rows of the files.
        form: Options of a `TableSource` that say how the files are written.
        label: How the files are called in messages.
    """

    path: str
    rows: pa.Table
    complete: bool = True
    form: dict[str, Any] = field(default_factory=dict)
    label: str = ""

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all columns."""
        return frozenset(self.rows.column_names)

    def values(self, name: str) -> list[Any]:
        """Returns values of a column, spread evenly over the rows; missing ones are left out."""
        column = self.rows[name].drop_null()
        if len(column) > LOOKED_AT:
            column = column.take(pa.array(np.linspace(0, len(column) - 1, LOOKED_AT).astype(np.int64)))
        return [value for value in column.to_pylist() if not (isinstance(value, str) and not value.strip())]

    def examples(self, name: str) -> list[Any]:
        """Returns the first five values that differ."""
        found: list[Any] = []
        for value in self.values(name):
            if value not in found:
                found.append(value)
            if len(found) == _SHOWN:
                break
        return found

    def distinct(self, name: str) -> dict[str, int]:
        """Returns how often each value of a column occurs, the frequent ones first; empty if there are too many."""
        column = self.rows[name].drop_null()
        if pa.types.is_nested(column.type):
            return {}
        counted = pc.value_counts(column.combine_chunks().cast(pa.string()))
        if len(counted) > MOST_DISTINCT:
            return {}
        pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def ids(self, name: str) -> pa.Array:
        """Returns a column as a run writes ids, so that 5.0 of one file is the `5` of another."""
        column = self.rows[name]
        if pa.types.is_nested(column.type):
            return pa.nulls(len(column), pa.large_string())
        return parse_column(column.combine_chunks(), "string").values.cast(pa.large_string())

    def different(self, name: str) -> int:
        """Returns how many values a column has that differ."""
        column = self.rows[name]
        return 0 if pa.types.is_nested(column.type) else pc.count_distinct(column).as_py()

    def distinct_of(self, name: str, values: Sequence[str]) -> dict[str, int]:
        """Returns how often each of some values occurs in a column of texts, those that do."""
        column = self.rows[name]
        if pa.types.is_nested(column.type):
            return {}
        texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
        if pa.types.is_floating(column.type):
            # As the readers call it.
            texts = pc.if_else(pc.is_nan(column), "NaN", texts)
        counted = pc.value_counts(texts.filter(pc.is_in(texts, pa.array(values, pa.string()))))
        return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))

    def is_listed(self, name: str) -> bool:
        """Says whether a column holds lists or objects, which no column of the contract but vectors is read from."""
        column = self.rows[name]
        if pa.types.is_nested(column.type):
            return True
        values = self.values(name)[:_TRIED]
        return sum(isinstance(_parsed(value), list | dict) for value in values) > len(values) / 2

    def exploded(self, name: str) -> "Sample":
        """Returns the same with a row for each item of a list; the keys of the items become columns `NAME.KEY`.

        What is no list or object has no items, and an item that is no object has no keys.
        """
        lists = [_items(value) for value in self.rows[name].to_pylist()]
        parents = [row for row, items in enumerate(lists) for _ in items]
        items = [item if isinstance(item, dict) else {} for items in lists for item in items]
        rows = self.rows.drop_columns([name]).take(pa.array(parents, pa.int64()))
        for key in dict.fromkeys(key for item in items for key in item):
            texts = text_array([value_text(item.get(key)) for item in items])
            rows = rows.append_column(f"{name}.{key}", texts)
        return replace(self, rows=rows)

    def has_values(self, name: str) -> bool:
        """Says whether there is a column, with a value in some row."""
        return name in self.names and self.filled(name) > 0

    def rows_of_each(self, name: str) -> float:
        """Returns how many rows a value of a column has, in the mean."""
        return self.rows.num_rows / max(1, self.different(name))

    def each_has(self, key: str, name: str) -> float:
        """Returns how many different values of a column a value of another has, in the mean."""
        pairs = pa.table({"key": self.ids(key), "value": self.rows[name]}).filter(pc.field("key").is_valid())
        counted = pairs.group_by("key").aggregate([("value", "count_distinct")])
        return pc.mean(counted["value_count_distinct"]).as_py() or 0.0

    def filled(self, name: str) -> float:
        """Returns the share of rows that have a value in a column."""
        if not self.rows.num_rows:
            return 0.0
        column = self.rows[name]
        empty = column.null_count
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            blank = pc.equal(pc.utf8_trim_whitespace(column), "")
            empty += pc.sum(blank).as_py() or 0
        return 1.0 - empty / self.rows.num_rows


def _parsed(value: Any) -> Any:
    """Returns the list or object that a text of JSON holds; a value that is none, as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


def _items(value: Any) -> list[Any]:
    """Returns the items of a list, as exploding takes them: an object alone is a list of one."""
    parsed = _parsed(value)
    return parsed if isinstance(parsed, list) else [parsed] if isinstance(parsed, dict) else []
