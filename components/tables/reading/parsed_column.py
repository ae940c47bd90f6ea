"""A column on its way from what a file holds to what the contract wants, and what all kinds of columns need for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ParsedColumn:
    """A column in the contract's kind.

    Attributes:
        values: One value a row; null where it is missing or wrong. Strings are large_binary (UTF-8), numbers
            float64 or int64, vectors large_list of float32.
        problems: By the ending of the reason's name, the rows (bool, one a row) that have it.
    """

    values: pa.Array
    problems: dict[str, Mask] = field(default_factory=dict)

    def refusing(self, problem: str, rows: Mask) -> "ParsedColumn":
        """Returns the same with a further problem of some rows, which then have no value."""
        if not rows.any():
            return self
        values = pc.if_else(pa.array(rows), pa.scalar(None, self.values.type), self.values)
        return ParsedColumn(
            values=values, problems={**self.problems, problem: rows | self.problems.get(problem, False)}
        )


def trimmed(array: pa.Array) -> pa.Array:
    """Gives the text without the white space around it; nothing left, or no UTF-8, is null or a mark no kind reads."""
    if is_binary(array.type):
        decoded = [None if value is None else value.decode("utf-8", "replace") for value in array.to_pylist()]
        array = pa.array(decoded, pa.large_string())
    text = pc.utf8_trim_whitespace(array.cast(pa.large_string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def of_distinct(text: pa.Array, read: Callable[[str], Any], data_type: pa.DataType) -> pa.Array:
    """Reads each distinct text once.

    Args:
        text: large_string.
        read: Gives the value of a text, None where it has none. It sees one text at a time, so what a text means does
            not depend on its neighbours.
        data_type: Type of the values.

    Returns:
        The values, one a row; null where the text is null.
    """
    encoded = text.dictionary_encode()
    values = pa.array([read(value) for value in encoded.dictionary.to_pylist()], data_type, from_pandas=False)
    return values.take(encoded.indices)


def is_text(data_type: pa.DataType) -> bool:
    """Tells whether a column holds text, decoded or not."""
    return bool(pa.types.is_string(data_type) or pa.types.is_large_string(data_type) or is_binary(data_type))


def is_binary(data_type: pa.DataType) -> bool:
    """Tells whether a column holds text as bytes."""
    return bool(pa.types.is_binary(data_type) or pa.types.is_large_binary(data_type))


def missing_rows(array: pa.Array) -> Mask:
    """Tells which rows are null, bool `(rows,)`."""
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), np.bool_)


def true_rows(mask: pa.Array) -> Mask:
    """Tells which rows are true, and not null, bool `(rows,)`."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), np.bool_)


def float_values(array: pa.Array, missing: float) -> npt.NDArray[np.float64]:
    """Gives the numbers of a column, float64 `(rows,)`, with `missing` where there is none."""
    return np.asarray(pc.fill_null(array, missing).to_numpy(zero_copy_only=False), np.float64)
