"""A data set that is one Parquet file."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import InputError


def read_source(name: str, source: Path | None, file_name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Reads columns of a data set's file.

    Args:
        name: Name of the adapter.
        source: The file, or its folder.
        file_name: What the file is called in a folder.
        columns: The columns.

    Raises:
        InputError: There is no such file, or it is not Parquet with these columns.
    """
    if source is None:
        raise InputError(f"{name} needs `--source`: a Parquet file of {', '.join(columns)}, or its folder.")
    file = source / file_name if source.is_dir() else source
    if not file.is_file():
        raise InputError(f"No file `{file}`; `--source` should be a Parquet file, or a folder with {file_name}.")
    try:
        found = pq.read_schema(file).names
        missing = [column for column in columns if column not in found]
        if missing:
            raise InputError(
                f"`{file}` lacks {', '.join(f'`{column}`' for column in missing)}; expected columns "
                f"{', '.join(columns)}, found {', '.join(found)}."
            )
        return pq.read_table(file, columns=list(columns)).to_pandas()
    except pa.ArrowInvalid as error:
        raise InputError(f"`{file}` cannot be read as Parquet of {', '.join(columns)}: {error}.") from error
