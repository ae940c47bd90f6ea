"""Where pictures lie that a table holds as bytes: they stay in its files, and the table says where they are."""

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_PLACE = re.compile(r"parquet-row:(?P<row>\d+):(?P<column>[^:]+):(?P<path>.+)", re.DOTALL)


class PicturePlace(NamedTuple):
    """A value of a Parquet file: its file, its column (dots lead into structs), and its row from 0 on."""

    path: str
    column: str
    row: int


def are_bytes(file: pq.ParquetFile, name: str) -> bool:
    """Returns whether a column of a file holds bytes, not texts; dots lead into structs."""
    return any(
        file.schema.column(place).path == name
        and file.schema.column(place).physical_type == "BYTE_ARRAY"
        and file.schema.column(place).logical_type.type == "NONE"
        for place in range(len(file.schema))
    )


def picture_places(path: str, column: str, first_row: int, rows: int) -> pa.Array:
    """Returns where the pictures of some rows lie, as text.

    Args:
        path: The file.
        column: The column.
        first_row: Number of the first row, from 1.
        rows: How many there are.
    """
    name = column.replace("%", "%25").replace(":", "%3A")
    texts = [f"parquet-row:{row - 1}:{name}:{path}" for row in range(first_row, first_row + rows)]
    return pa.array(texts, pa.large_string())


def picture_place(reference: str) -> PicturePlace | None:
    """Returns what `picture_places` wrote; None for another text."""
    found = _PLACE.fullmatch(reference)
    if found is None:
        return None
    return PicturePlace(found["path"], found["column"].replace("%3A", ":").replace("%25", "%"), int(found["row"]))
