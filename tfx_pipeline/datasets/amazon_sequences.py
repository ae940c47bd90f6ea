"""Amazon review sequences: a Parquet of user_id, product_id and position becomes events without timestamps."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.datasets.sampling import sampled_rows

_FILE_NAME = "sequences.parquet"
_COLUMNS = ("user_id", "product_id", "position")


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `events.parquet`; every row of a sequence counts as a purchase.

    There is no products table, since the data set has no texts: use `text: off`, and
    `split: {method: leave_last_out}`, since it has positions only.

    Args:
        out: Folder to write into.
        source: The Parquet file, or a folder that holds it as `sequences.parquet`.
        sample: Share of the users to keep.

    Raises:
        InputError: There is no such file, or it is not Parquet with columns user_id, product_id, position.
    """
    file = _find(source)
    try:
        found = pq.read_schema(file).names
        missing = [name for name in _COLUMNS if name not in found]
        if missing:
            raise InputError(
                f"`{file}` lacks {', '.join(f'`{name}`' for name in missing)}; expected columns "
                f"{', '.join(_COLUMNS)}, found {', '.join(found)}."
            )
        table = pq.read_table(file, columns=list(_COLUMNS))
        table = table.cast(pa.schema([("user_id", pa.string()), ("product_id", pa.string()), ("position", pa.int64())]))
    except pa.ArrowInvalid as error:
        raise InputError(f"`{file}` cannot be read as Parquet of {', '.join(_COLUMNS)}: {error}.") from error
    table = table.filter(sampled_rows(table["user_id"], sample))
    if not len(table):
        raise InputError(f"`{file}` has no row to keep; expected sequences, or a larger `--sample` than {sample}.")
    event_type = pa.array(["purchase"], pa.string()).take(pa.array([0] * len(table)))
    table = table.add_column(2, "event_type", event_type).sort_by([("user_id", "ascending"), ("position", "ascending")])
    pq.write_table(table, out / "events.parquet")


def _find(source: Path | None) -> Path:
    if source is None:
        raise InputError(f"amazon_sequences needs `--source`: a Parquet file of {', '.join(_COLUMNS)}, or its folder.")
    file = source / _FILE_NAME if source.is_dir() else source
    if not file.is_file():
        raise InputError(f"No file `{file}`; `--source` should be a Parquet file, or a folder with {_FILE_NAME}.")
    return file
