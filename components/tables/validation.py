"""Checks a batch of raw rows against the contract, and turns the good ones into the examples' columns."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.blank_texts import strip_unseen
from components.tables.contract import USER_ID, Column, TableContract, TableOptions, columns_to_read
from components.tables.markup import cut_markup
from components.tables.reading.parsed_column import Mask, ParsedColumn, missing_rows, true_rows
from components.tables.reading.parsing import parse_column
from components.tables.reading.timestamps import timestamp_problems
from components.tables.reading.value_form import ValueForm
from components.tables.returns.return_rows import (
    NOT_ASKED_OF_RETURNS,
    RETURNS_SCHEMA,
    guest_rows,
    return_rows,
    returned_pieces,
    with_price_of_one,
)

_EXAMPLE_TYPES: dict[str, pa.DataType] = {
    "string": pa.large_list(pa.large_binary()),
    "category": pa.large_list(pa.large_binary()),
    "float": pa.large_list(pa.float32()),
    "integer": pa.large_list(pa.int64()),
    "boolean": pa.large_list(pa.int64()),
    "timestamp": pa.large_list(pa.int64()),
    "vector": pa.large_list(pa.float32()),
    "picture": pa.large_list(pa.large_binary()),
}
_AS_WRITTEN = ValueForm()


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """A batch after the check.

    Attributes:
        good: The good rows in the examples' columns.
        good_rows: int64 numpy array, their places in the raw batch.
        bad_rows: Places of the bad rows in the raw batch.
        reasons: One a bad row: the first thing that is wrong with it, in the order of the columns.
        returned: With `RETURNS_SCHEMA`: rows that give back what an earlier row bought; neither good nor bad.
        returned_rows: Their places in the raw batch.
    """

    good: pa.RecordBatch
    good_rows: npt.NDArray[np.int64]
    bad_rows: list[int]
    reasons: list[str]
    returned: pa.RecordBatch
    returned_rows: list[int]


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
        The schema of those that are kept, in the columns' order.
    """
    return pa.schema([(column.name, _EXAMPLE_TYPES[column.kind]) for column in columns if column.kept])


def check_rows(
    contract: TableContract,
    options: TableOptions,
    batch: pa.RecordBatch,
    now_seconds: float,
    form: ValueForm = _AS_WRITTEN,
    *,
    guests: bool = False,
) -> CheckedRows:
    """Checks each row of a batch.

    Args:
        contract: The table's contract.
        options: Extra columns, event types and what becomes of markup.
        batch: Raw rows; columns may be of any type that the contract's kind can be read from, or absent.
        now_seconds: The present in Unix seconds; timestamps more than a day later are wrong.
        form: How times and numbers are written.
        guests: Whether a row with a basket_id may lack a user.

    Returns:
        Good rows, the bad ones with a reason each, and those that give something back.
    """
    columns = columns_to_read(contract, options)
    verdicts = _Verdicts(batch.num_rows)
    order_column = next((name for name in contract.one_of if name in batch.schema.names), None)
    parsed = {
        column.name: _parsed(batch, column, form, keep_markup=options.keep_markup)
        for column in columns
        if column.name in batch.schema.names
    }
    nobody = returning = np.zeros(batch.num_rows, np.bool_)
    if guests:
        parsed.setdefault(USER_ID, ParsedColumn(values=pa.nulls(batch.num_rows, pa.large_binary())))
        nobody = guest_rows(parsed, batch.num_rows)
    if contract.returns:
        returning = return_rows(parsed, batch.num_rows)
        parsed = with_price_of_one(parsed, batch.num_rows)
    for column in columns:
        if column.name in parsed:
            for problem, rows in parsed[column.name].problems.items():
                verdicts.refuse(rows, f"{column.name}_{problem}")
            excused = returning if column.name in NOT_ASKED_OF_RETURNS else nobody & (column.name == USER_ID)
            required = column.required or column.name == order_column
            for reason, rows in _problems(column, parsed[column.name].values, options, now_seconds, required=required):
                verdicts.refuse(rows & ~excused, reason)
    bad_rows, reasons = verdicts.bad()
    good_rows = verdicts.good() & ~returning
    good = pa.RecordBatch.from_arrays(
        [
            _as_lists(parsed[column.name].values, column)
            if column.name in parsed
            else pa.nulls(batch.num_rows, _EXAMPLE_TYPES[column.kind])
            for column in columns
            if column.kept
        ],
        schema=examples_schema(columns),
    )
    if not good_rows.all():
        good = good.filter(pa.array(good_rows))
    returning = returning & verdicts.good()
    returned = pa.RecordBatch.from_pylist([], RETURNS_SCHEMA)
    if order_column and returning.any():
        returned = returned_pieces(parsed, parsed[order_column].values, returning)
    return CheckedRows(
        good=good,
        good_rows=np.flatnonzero(good_rows),
        bad_rows=bad_rows,
        reasons=reasons,
        returned=returned,
        returned_rows=np.flatnonzero(returning).tolist(),
    )


def _parsed(batch: pa.RecordBatch, column: Column, form: ValueForm, *, keep_markup: bool) -> ParsedColumn:
    parsed = parse_column(batch.column(column.name), column.kind, form)
    values = parsed.values
    if column.markup and not keep_markup:
        values = cut_markup(values.cast(pa.large_string())).cast(pa.large_binary())
    if column.stripped:
        values = strip_unseen(values.cast(pa.large_string())).cast(pa.large_binary())
    return replace(parsed, values=values)


def _problems(
    column: Column, values: pa.Array, options: TableOptions, now_seconds: float, *, required: bool
) -> Iterator[tuple[str, Mask]]:
    """Yields each thing that may be wrong with what could be read of a column, and the rows that have it."""
    if required:
        yield f"missing_{column.name}", missing_rows(values)
    yield from _value_problems(column, values, now_seconds)
    if column.name == "event_type" and options.event_types:
        known = pc.is_in(values, pa.array([name.encode() for name in options.event_types], pa.large_binary()))
        yield "unknown_event_type", ~true_rows(known)


def _value_problems(column: Column, values: pa.Array, now_seconds: float) -> Iterator[tuple[str, Mask]]:
    if column.kind == "timestamp":
        now_seconds = math.inf if column.planned else now_seconds
        for problem, rows in timestamp_problems(values, now_seconds):
            yield f"{column.name}_{problem}", rows
    elif column.minimum == 0.0 and column.maximum is None:
        yield f"negative_{column.name}", true_rows(pc.less(values, 0.0))
    elif column.minimum is not None and column.maximum is not None:
        outside = pc.or_(pc.less(values, column.minimum), pc.greater(values, column.maximum))
        yield f"{column.name}_out_of_range", true_rows(outside)


def _as_lists(values: pa.Array, column: Column) -> pa.Array:
    """Wraps each value in a list of one; null stays null."""
    if column.kind == "vector":
        return values
    list_type = _EXAMPLE_TYPES[column.kind]
    if values.type != list_type.value_type:
        values = values.cast(list_type.value_type, safe=False)
    missing = missing_rows(values)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(~missing, out=offsets[1:])
    if not missing.any():
        return pa.LargeListArray.from_arrays(pa.array(offsets), values)
    return pa.LargeListArray.from_arrays(pa.array(offsets), values.drop_null(), mask=pa.array(missing))
