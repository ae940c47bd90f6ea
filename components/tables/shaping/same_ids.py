"""Ids that mean one thing, by a file that says which."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from components.errors import InputError
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.reading.parsing import parse_column
from components.tables.reading.reader import read_batches

FROM, TO = "from", "to"
_COLUMNS = (RawColumn(name=FROM, kind="string"), RawColumn(name=TO, kind="string"))


class SameIds:
    """Maps ids to those that they mean.

    An id that is mapped to another that is mapped itself takes the last of them. The whole file is held: some 200
    bytes an id.

    Args:
        table: The table's name, for messages.
        files: Files with the columns `from` and `to`.

    Raises:
        InputError: An id is mapped to two others, or to itself in a circle.
    """

    def __init__(self, table: str, files: Iterable[TableFile]) -> None:
        pairs: dict[bytes, bytes] = {}
        for source in read_batches(table, files, _COLUMNS):
            for old, new in zip(_ids(source.batch.column(FROM)), _ids(source.batch.column(TO)), strict=True):
                if old is None or new is None or old == new:
                    continue
                if pairs.setdefault(old, new) != new:
                    raise InputError(
                        f"Table `{table}`: `{source.path}` maps the id `{old.decode()}` to `{pairs[old].decode()}` and "
                        f"to `{new.decode()}`. Keep one of them."
                    )
        last = {old: _last(table, pairs, old) for old in pairs}
        self._from = pd.Index(list(last), dtype=object)
        self._to = pa.array(list(last.values()), pa.large_binary())

    def mapped(self, ids: pa.Array) -> tuple[pa.Array, int]:
        """Returns ids (large_binary) with those in place that they mean, and how many were replaced."""
        values = parse_column(ids, "string").values
        rows = self._from.get_indexer(pd.Index(values.to_pylist(), dtype=object))
        found = rows >= 0
        if not found.any():
            return ids, 0
        taken = self._to.take(pa.array(np.where(found, rows, 0), mask=~found))
        return pa.array(np.where(found, taken, values)), int(found.sum())


def _ids(column: pa.Array) -> list[bytes | None]:
    return [None if value is None else value.strip() for value in parse_column(column, "string").values.to_pylist()]


def _last(table: str, pairs: Mapping[bytes, bytes], old: bytes) -> bytes:
    new, steps = pairs[old], 0
    while new in pairs:
        new, steps = pairs[new], steps + 1
        if steps > len(pairs):
            raise InputError(f"Table `{table}`: the id `{old.decode()}` is mapped in a circle. Mend `same_ids`.")
    return new
