"""Checks a batch of raw rows against the contract, and turns the good ones into the examples' columns."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.blank_texts import strip_unseen
from components.tables.contract import Column, TableContract, TableOptions, columns_to_read
from components.tables.markup import cut_markup
from components.tables.reading.parsed_column import Mask, ParsedColumn
from components.tables.reading.parsing import parse_column
from components.tables.reading.timestamps import timestamp_problems

_EXAMPLE_TYPES: dict[str, pa.DataType] = {
    "string": pa.large_list(pa.large_binary()),
    "float": pa.large_list(pa.float32()),
    "integer": pa.large_list(pa.int64()),
    "boolean": pa.large_list(pa.int64()),
    "timestamp": pa.large_list(pa.int64()),
    "vector": pa.large_list(pa.float32()),
}


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """A batch after the check.

    Attributes:
        good: The good rows in the examples' columns.
        good_rows: int64 numpy array, their places in the raw batch.
        bad_rows: Places of the bad rows in the raw batch.
        reasons: One a bad row: the first thing that is wrong with it, in the order of the columns.
    """

    good: pa.RecordBatch
    good_rows: npt.NDArray[np.int64]
    bad_rows: list[int]
    reasons: list[str]


class _Verdicts:
    """The first reason found against each row."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, np.int16)
        self._reasons = [""]

    def refuse(self, rows: Mask, reason: str) -> None:
        """Refuses `rows`, unless something else is already against them."""
        if rows.any():
            self._reasons.append(reason)
            self._codes[rows & (self._codes == 0)] = len(self._reasons) - 1

    def bad(self) -> tuple[list[int], list[str]]:
        """Lists the refused rows with their reasons."""
        rows = np.flatnonzero(self._codes)
        return rows.tolist(), [self._reasons[code] for code in self._codes[rows]]

    def good(self) -> Mask:
        """Says which rows nothing is against."""
        return np.asarray(self._codes == 0)


def examples_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Gives the Arrow schema of a table's examples.

    Every column is a large list, as TFX's Parquet reader expects when a schema is given to it: strings are
    large_binary, floats float32, integers, booleans and timestamps int64. A missing value is a null list.

    Args:
        columns: The table's columns.

    Returns:
        The schema, in the columns' order.
    """
    return pa.schema([(column.name, _EXAMPLE_TYPES[column.kind]) for column in columns])


def check_rows(
    contract: TableContract, options: TableOptions, batch: pa.RecordBatch, now_seconds: float
) -> CheckedRows:
    """Checks each row of a batch.

    Args:
        contract: The table's contract.
        options: Extra columns, event types and what becomes of markup.
        batch: Raw rows; columns may be of any type that the contract's kind can be read from, or absent.
        now_seconds: The present in Unix seconds; timestamps more than a day later are wrong.

    Returns:
        Good rows, and the bad ones with a reason each.
    """
    columns = columns_to_read(contract, options)
    verdicts = _Verdicts(batch.num_rows)
    order_column = next((name for name in contract.one_of if name in batch.schema.names), None)
    arrays = []
    for column in columns:
        if column.name not in batch.schema.names:
            arrays.append(pa.nulls(batch.num_rows, _EXAMPLE_TYPES[column.kind]))
            continue
        parsed = parse_column(batch.column(column.name), column.kind)
        if column.markup and not options.keep_markup:
            parsed = replace(parsed, values=cut_markup(parsed.values.cast(pa.large_string())).cast(pa.large_binary()))
        if column.stripped:
            parsed = replace(parsed, values=strip_unseen(parsed.values.cast(pa.large_string())).cast(pa.large_binary()))
        for problem, rows in parsed.problems.items():
            verdicts.refuse(rows, f"{column.name}_{problem}")
        if column.required or column.name == order_column:
            verdicts.refuse(_is_null(parsed.values), f"missing_{column.name}")
        _check_values(column, parsed, verdicts, now_seconds)
        if column.name == "event_type" and options.event_types:
            known = pc.is_in(
                parsed.values, pa.array([name.encode() for name in options.event_types], pa.large_binary())
            )
            verdicts.refuse(~_numpy_mask(known), "unknown_event_type")
        arrays.append(_as_lists(parsed.values, column))
    bad_rows, reasons = verdicts.bad()
    good = pa.RecordBatch.from_arrays(arrays, schema=examples_schema(columns))
    mask = verdicts.good()
    if bad_rows:
        good = good.filter(pa.array(mask))
    return CheckedRows(good=good, good_rows=np.flatnonzero(mask), bad_rows=bad_rows, reasons=reasons)


def _check_values(column: Column, parsed: ParsedColumn, verdicts: _Verdicts, now_seconds: float) -> None:
    values = parsed.values
    if column.kind == "timestamp":
        for problem, rows in timestamp_problems(values, now_seconds):
            verdicts.refuse(rows, f"{column.name}_{problem}")
    elif column.minimum == 0.0 and column.maximum is None:
        verdicts.refuse(_numpy_mask(pc.less(values, 0.0)), f"negative_{column.name}")
    elif column.minimum is not None and column.maximum is not None:
        outside = pc.or_(pc.less(values, column.minimum), pc.greater(values, column.maximum))
        verdicts.refuse(_numpy_mask(outside), f"{column.name}_out_of_range")


def _as_lists(values: pa.Array, column: Column) -> pa.Array:
    """Wraps each value in a list of one; null stays null."""
    if column.kind == "vector":
        return values
    list_type = _EXAMPLE_TYPES[column.kind]
    if values.type != list_type.value_type:
        values = values.cast(list_type.value_type, safe=False)
    missing = _is_null(values)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(~missing, out=offsets[1:])
    if not missing.any():
        return pa.LargeListArray.from_arrays(pa.array(offsets), values)
    return pa.LargeListArray.from_arrays(pa.array(offsets), values.drop_null(), mask=pa.array(missing))


def _is_null(array: pa.Array) -> Mask:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), np.bool_)


def _numpy_mask(mask: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), np.bool_)
