"""One user's events out of an events table, for the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv

from components.errors import InputError

_IDS_ARE_TEXT = {"user_id": pa.string(), "product_id": pa.string(), "event_type": pa.string()}
_FORMATS = {
    ".parquet": ds.ParquetFileFormat(),
    ".csv": ds.CsvFileFormat(convert_options=csv.ConvertOptions(column_types=_IDS_ARE_TEXT)),
    ".jsonl": ds.JsonFileFormat(),
}


@dataclass(frozen=True, kw_only=True)
class History:
    """A user's events, newest last: product ids, event types and ages in seconds."""

    product_ids: tuple[str, ...]
    event_types: tuple[str, ...]
    ages_seconds: tuple[float, ...]


def history_of_products(product_ids: Sequence[str]) -> History:
    """Returns a history of purchases of just now, newest last."""
    count = len(product_ids)
    return History(product_ids=tuple(product_ids), event_types=("purchase",) * count, ages_seconds=(0.0,) * count)


def read_user_history(events: Path, user_id: str) -> History:
    """Reads a user's events from a table in the contract's columns.

    Ages are counted from the latest event of the user, since the table may be older than today. Events without
    a timestamp have age 0. Reads the file once, a batch at a time.

    Raises:
        InputError: The file is not there or not readable, a column is missing, or the user has no events.
    """
    if events.suffix not in _FORMATS:
        raise InputError(f"{events}: expected a file ending in {', '.join(_FORMATS)}")
    try:
        dataset = ds.dataset(str(events), format=_FORMATS[events.suffix])
        wanted = ("user_id", "product_id", "event_type", "timestamp", "position")
        columns = [name for name in wanted if name in dataset.schema.names]
        missing = [name for name in wanted[:3] if name not in columns]
        if missing:
            raise InputError(f"{events}: the column {missing[0]} is missing; it has {', '.join(dataset.schema.names)}")
        user = ds.field("user_id").cast(pa.string()) == user_id
        rows = dataset.to_table(columns=columns, filter=user).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{events}: cannot be read as an events table: {error}") from error
    if rows.empty:
        raise InputError(f"{events}: no event of user {user_id}")
    if "timestamp" in rows:
        rows["timestamp"] = _seconds(rows["timestamp"])
    rows = rows.sort_values([name for name in ("timestamp", "position") if name in rows], kind="stable")
    ages = (rows["timestamp"].max() - rows["timestamp"]) if "timestamp" in rows else pd.Series(0.0, rows.index)
    return History(
        product_ids=tuple(rows["product_id"].astype(str)),
        event_types=tuple(rows["event_type"].astype(str)),
        ages_seconds=tuple(ages.astype(float)),
    )


def _seconds(timestamps: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(timestamps):
        return timestamps
    parsed = pd.to_datetime(timestamps, utc=True, format="ISO8601" if timestamps.dtype == object else None)
    return (parsed - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
