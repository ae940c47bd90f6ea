"""Joins files to the rows of a source: the rows of equal keys meet in buckets, and take the columns over."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.tables.files.value_arrays import of_one_type
from components.tables.notes.counted_examples import EXAMPLES, example_key
from components.tables.reading.parsing import parse_column
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.plan import JoinPlan
from components.tables.shaping.tallies import join_key

ROWS, JOINED = "rows", "joined"


class JoinedRows:
    """Rows of joined files, by key.

    Args:
        table: The table's name, for messages.
        plan: What is joined.
        batches: The rows.
        place: Places of the source and of the join, for the counters.

    Raises:
        InputError: Two rows of one key say different things.
    """

    def __init__(self, table: str, plan: JoinPlan, batches: Iterable[SourceBatch], place: tuple[int, int]) -> None:
        parts = list(batches)
        self._plan = plan
        self._place = place
        self._broken = sum(len(part.broken) for part in parts)
        keys = _concatenated([joined_keys(part.batch, [other for _, other in plan.keys]) for part in parts])
        rows = {
            column.name: _concatenated([_column(part.batch, column.name) for part in parts]) for column in plan.columns
        }
        known = ~keys.is_null().to_numpy(zero_copy_only=False)
        first = known & ~pd.Series(keys.to_pylist(), dtype=object).duplicated().to_numpy()
        self._index = pd.Index(keys.filter(pa.array(first)).to_pylist(), dtype=object)
        self._rows = {name: column.filter(pa.array(first)) for name, column in rows.items()}
        self._refuse_contradictions(table, keys, rows, known & ~first)
        self._asked = np.zeros(len(self._index), np.bool_)

    def join(self, source: SourceBatch) -> SourceBatch:
        """Adds the columns to rows; those without a key, and those that nothing is found for, are null and counted."""
        keys = joined_keys(source.batch, [own for own, _ in self._plan.keys])
        found = self._index.get_indexer(pd.Index(keys.to_pylist(), dtype=object))
        missed = found < 0
        self._asked[found[~missed]] = True
        batch = source.batch
        places = pa.array(found, mask=missed)
        for name, column in self._rows.items():
            index = batch.schema.get_field_index(name)
            taken = column.take(places)
            batch = batch.append_column(name, taken) if index < 0 else batch.set_column(index, name, taken)
        found_none = {"keyless": keys.null_count, "missed": int(missed.sum()) - keys.null_count}
        counts = source.counts + Counter({self._key("rows"): batch.num_rows})
        counts += Counter({self._key(what): rows for what, rows in found_none.items()})
        for key in pc.unique(keys.filter(pa.array(missed))).drop_null().to_pylist()[:EXAMPLES]:
            counts[example_key(self._key("missed_key"), _shown(key))] += 1
        return replace(source, batch=batch, counts=counts)

    def rest(self) -> Counter[str]:
        """Returns what is to be counted of the joined rows themselves, after the last rows were joined."""
        counts = Counter({self._key("broken"): self._broken})
        for row in np.flatnonzero(~self._asked)[:EXAMPLES]:
            counts[example_key(self._key("unused_key"), _shown(self._index[row]))] += 1
        return counts

    def _key(self, what: str) -> str:
        return join_key(*self._place, what)

    def _refuse_contradictions(
        self, table: str, keys: pa.Array, rows: Mapping[str, pa.Array], again: npt.NDArray[np.bool_]
    ) -> None:
        """Refuses a second row of a key that says something else than the first; one that says the same is harmless."""
        repeated = keys.filter(pa.array(again))
        firsts = pa.array(self._index.get_indexer(pd.Index(repeated.to_pylist(), dtype=object)))
        for name, column in rows.items():
            said = _without_nan(column.filter(pa.array(again))).to_pylist()
            before = _without_nan(self._rows[name].take(firsts)).to_pylist()
            for key, value, other in zip(repeated.to_pylist(), said, before, strict=True):
                if value != other:
                    raise InputError(
                        f"Table `{table}`: `{self._plan.join.path}` has the key `{_shown(key)}` of "
                        f"{_named(other for _, other in self._plan.keys)} more than once, with `{name}` {other!r} and "
                        f"{value!r}. A file that is joined has one row a key: take the repeated rows out, or leave the "
                        "column out of the join's `columns`."
                    )


class JoinFiles(beam.PTransform):
    """Joins files to rows.

    Keys are put into buckets by crc32, and a worker holds the joined rows of one bucket (some 64 MiB of the files) and
    a batch of the others. The rows keep their places, but not their order.

    Args:
        table: The table's name, for messages.
        plan: What is joined.
        place: Places of the source and of the join, for the counters.
    """

    def __init__(self, table: str, plan: JoinPlan, place: tuple[int, int]) -> None:
        super().__init__()
        self._table = table
        self._plan = plan
        self._place = place

    def expand(self, both: Mapping[str, beam.PCollection]) -> beam.PCollection:
        """Applies the transform to the PCollections of `SourceBatch` called ROWS and JOINED; returns joined rows."""
        own, other = [own for own, _ in self._plan.keys], [other for _, other in self._plan.keys]
        buckets = self._plan.buckets
        return (
            {
                ROWS: both[ROWS] | "SpreadRows" >> beam.FlatMap(_in_buckets, names=own, buckets=buckets),
                JOINED: both[JOINED] | "SpreadJoined" >> beam.FlatMap(_in_buckets, names=other, buckets=buckets),
            }
            | "MeetByKey" >> beam.CoGroupByKey()
            | "JoinRows" >> beam.FlatMap(_join_bucket, table=self._table, plan=self._plan, place=self._place)
        )


def joined_keys(batch: pa.RecordBatch, names: Sequence[str]) -> pa.Array:
    """Returns the key of each row as large_binary: ids are compared as texts, without spaces around them.

    Several columns are put one after the other, each with its length before it, so that no two keys look the same.
    A row without a value in one of them has none.

    Args:
        batch: The rows.
        names: The columns of the key.
    """
    texts = [parse_column(batch.column(name), "string").values for name in names]
    parts = [pc.ascii_trim_whitespace(text.cast(pa.large_string())).cast(pa.large_binary()) for text in texts]
    key = parts[0]
    for part in parts[1:]:
        length = pc.binary_length(key).cast(pa.large_string()).cast(pa.large_binary())
        key = pc.binary_join_element_wise(length, key, part, pa.scalar(b":", pa.large_binary()))
    return key


def _without_nan(column: pa.Array) -> pa.Array:
    """Puts null in the place of NaN, which pandas writes for a missing number, and which equals nothing."""
    return pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(column.type) else column


def _shown(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(name) if name in batch.schema.names else pa.nulls(batch.num_rows)


def _concatenated(arrays: Sequence[pa.Array]) -> pa.Array:
    plain = [array.dictionary_decode() if pa.types.is_dictionary(array.type) else array for array in arrays]
    return pa.concat_arrays(of_one_type(plain)) if plain else pa.array([], pa.large_binary())


def _in_buckets(source: SourceBatch, names: Sequence[str], buckets: int) -> Iterator[tuple[int, SourceBatch]]:
    """Yields the rows of each bucket; those without a key go wherever they stand, as they meet nothing."""
    if buckets == 1:
        yield 0, source
        return
    keys = joined_keys(source.batch, names).to_pylist()
    places = source.places.to_pylist()
    # Not `hash()`, which differs between workers.
    group = np.array(
        [(place if key is None else zlib.crc32(key)) % buckets for key, place in zip(keys, places, strict=True)],
        np.int64,
    )
    for bucket in range(buckets):
        rows = pa.array(np.flatnonzero(group == bucket))
        part = replace(source, batch=source.batch.take(rows), places=source.places.take(rows))
        if bucket:
            part = replace(part, broken=(), counts=Counter())
        if len(rows) or part.broken or part.counts:
            yield bucket, part


def _join_bucket(
    bucket: tuple[int, Mapping[str, Iterable[SourceBatch]]], table: str, plan: JoinPlan, place: tuple[int, int]
) -> Iterator[SourceBatch]:
    joined = JoinedRows(table, plan, bucket[1][JOINED], place)
    last: SourceBatch | None = None
    for source in bucket[1][ROWS]:
        if last is not None:
            yield last
        last = joined.join(source)
    if last is not None:
        yield replace(last, counts=last.counts + joined.rest())


def join_in_memory(
    table: str, plan: JoinPlan, place: tuple[int, int], rows: Iterable[SourceBatch], joined: Iterable[SourceBatch]
) -> Iterator[SourceBatch]:
    """Joins without a pipeline, holding all rows of the joined files; see `JoinFiles`."""
    bucket: Any = (0, {ROWS: rows, JOINED: joined})
    return _join_bucket(bucket, table, plan, place)
