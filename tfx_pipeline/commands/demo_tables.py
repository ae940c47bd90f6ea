"""The demo's tables, which are made once: as long as neither they nor what they are made of change, they stay."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.source_digest import source_digest
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.registry import TABLE_NAMES

_MARK = ".prepared.json"


def prepare_once(name: str, folder: Path, made_of: Sequence[str], source: Path | None = None) -> bool:
    """Prepares a data set in a folder, unless the folder holds it already.

    It does where the adapter's code and what it reads are those that the folder's tables were made of, and the tables
    have the sizes and the times that they were left with.

    Args:
        name: Name of the adapter.
        folder: Folder for the tables.
        made_of: What says which data the adapter reads: a version, or a digest.
        source: Where the data lie, for adapters that do not know it themselves.

    Returns:
        Whether the tables were made now.

    Raises:
        InputError: The source is not what the adapter expects.
    """
    key = [name, source_digest(f"tfx_pipeline.datasets.{name}", "tfx_pipeline.datasets.registry"), *made_of]
    mark = folder / _MARK
    if mark.exists() and _read(mark) == {"made_of": key, "tables": _tables(folder)}:
        return False
    mark.unlink(missing_ok=True)
    prepare_dataset(name, folder, source)
    mark.write_text(json.dumps({"made_of": key, "tables": _tables(folder)}), encoding="utf-8")
    return True


def _read(mark: Path) -> Any:
    try:
        return json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:
        # Cut off, so the tables may be too.
        return None


def _tables(folder: Path) -> dict[str, list[int]]:
    """Returns the size and the time of change of each table that there is."""
    files = [folder / f"{table}.parquet" for table in TABLE_NAMES]
    return {file.name: [file.stat().st_size, file.stat().st_mtime_ns] for file in files if file.exists()}
