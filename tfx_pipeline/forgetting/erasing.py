"""Takes the rows of a user out of the files that runs have left; models stay as they are."""

import contextlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.tables.contract import USER_ID
from trainer.artifacts.names import EXAMPLES_SUFFIX, JSON_LINES_SUFFIX, PARQUET_SUFFIX

# Where runs put files with users in them, below their root; the shop's own tables are elsewhere.
_FOLDERS = ("artifacts", "segments", "users", "offers", "counts")


def erase_user(root: Path, user_id: str, shown_as: str) -> int:
    """Removes a user's rows from all Parquet files, tf.Examples and quarantines below a run's root.

    A file is written beside its place and moved there, so each has either all rows or those of the others. Examples
    that name no user, such as the windows that towers learn from, stay: nobody can tell whose they are.

    Args:
        root: The run's folder.
        user_id: The user.
        shown_as: What stands for the user in quarantines.

    Returns:
        How many rows there were.
    """
    gone = 0
    for folder in _FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.name.endswith(PARQUET_SUFFIX):
                gone += _erase_rows(file, user_id)
            elif file.name.endswith(EXAMPLES_SUFFIX):
                gone += _erase_examples(file, user_id)
            elif file.name.endswith(JSON_LINES_SUFFIX):
                gone += _erase_lines(file, {user_id, shown_as})
    return gone


def _erase_rows(file: Path, user_id: str) -> int:
    if USER_ID not in pq.read_schema(file).names:
        return 0
    own = _rows_of(pq.read_table(file, columns=[USER_ID], partitioning=None).column(0), user_id)
    if not own.any():
        return 0
    with pq.ParquetFile(file) as source, _replaced(file) as partial:
        start = 0
        with pq.ParquetWriter(partial, source.schema_arrow) as writer:
            for group in range(source.num_row_groups):
                rows = source.read_row_group(group)
                writer.write_table(rows.filter(pa.array(~own[start : start + len(rows)])))
                start += len(rows)
    return int(own.sum())


def _rows_of(column: pa.ChunkedArray, user_id: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tells which rows are a user's: of a column of ids, or of lists of at most one id."""
    values = column.combine_chunks()
    own = np.zeros(len(values), np.bool_)
    rows = np.arange(len(values))
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        rows = pc.list_parent_indices(values).to_numpy()
        values = pc.list_flatten(values)
    wanted = pa.scalar(user_id.encode("utf-8")).cast(values.type)
    own[rows] = pc.fill_null(pc.equal(values, wanted), False).to_numpy(zero_copy_only=False)
    return own


def _erase_examples(file: Path, user_id: str) -> int:
    import tensorflow as tf

    from trainer.artifacts.example_files import example_features

    mark = user_id.encode("utf-8")

    def is_own(record: bytes) -> bool:
        # Most records do not even hold the bytes, which is seen much sooner than what they mean.
        return mark in record and mark in example_features(record)[USER_ID].bytes_list.value

    records = list(tf.data.TFRecordDataset(str(file), "GZIP").as_numpy_iterator())
    others = [record for record in records if not is_own(record)]
    if len(others) < len(records):
        with _replaced(file) as partial, tf.io.TFRecordWriter(str(partial), "GZIP") as writer:
            for record in others:
                writer.write(record)
    return len(records) - len(others)


def _erase_lines(file: Path, names: Collection[str]) -> int:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    others = [line for line in lines if _user_of(line) not in names]
    if len(others) < len(lines):
        with _replaced(file) as partial:
            partial.write_text("".join(others), encoding="utf-8")
    return len(lines) - len(others)


def _user_of(line: str) -> str | None:
    row = json.loads(line).get("row", {})
    value = row.get(USER_ID) if isinstance(row, dict) else None
    return None if value is None else str(value)


@contextlib.contextmanager
def _replaced(file: Path) -> Iterator[Path]:
    """Yields a path to write to, which takes the file's place when the block ends well."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".partial")
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(file.stat().st_mode & 0o777)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
