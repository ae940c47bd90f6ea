"""The table `texts` as adapters write it: distinct texts with a split that is the same everywhere."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import InputError

_TEST_TENTHS = 2


def write_texts(
    out: Path,
    texts: Sequence[str],
    labels: Sequence[str],
    sample: float,
    columns: Mapping[str, Sequence[str | None]] | None = None,
) -> None:
    """Writes `texts.parquet` with the columns text, label, split and `columns`.

    Texts are stripped; empty ones, and all but the first of equal ones, are left out. A text is of split `test` where
    its crc32 modulo 10 is under 2, else of `train`; use `split: {split_column: split}`.

    Args:
        out: Folder to write into.
        texts: The texts.
        labels: The label of each.
        sample: Share of the texts to keep, by sha256.
        columns: More columns, to slice by.

    Raises:
        InputError: No text is left.
    """
    table = pd.DataFrame({"text": list(texts), "label": list(labels), **(columns or {})})
    table["text"] = table["text"].str.strip()
    table = table[table["text"] != ""].drop_duplicates("text")
    table = table[[_fraction(text) < sample for text in table["text"]]]
    if table.empty:
        raise InputError(f"There is no text to keep; expected texts, or a larger `--sample` than {sample}.")
    table["split"] = [split_of(text) for text in table["text"]]
    strings = pa.schema([(name, pa.string()) for name in table.columns])
    pq.write_table(pa.Table.from_pandas(table, schema=strings, preserve_index=False), out / "texts.parquet")


def split_of(text: str) -> str:
    """Returns `test` for two texts in ten, by crc32, else `train`."""
    return "test" if zlib.crc32(text.encode()) % 10 < _TEST_TENTHS else "train"


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / float(1 << 48)
