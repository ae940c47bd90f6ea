"""Bitext's customer-support utterances with their intents."""

from pathlib import Path

from tfx_pipeline.datasets.parquet_source import read_source
from tfx_pipeline.datasets.text_table import write_texts

_FILE_NAME = "intents.parquet"


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `texts.parquet`: an instruction is a text, its intent the label; `category` to slice by.

    Args:
        out: Folder to write into.
        source: The Parquet file with the columns instruction, intent and category, or its folder.
        sample: Share of the utterances to keep.

    Raises:
        InputError: There is no such file, or it lacks a column.
    """
    rows = read_source("bitext_intents", source, _FILE_NAME, ("instruction", "intent", "category"))
    rows = rows.dropna(subset=["instruction", "intent"])
    columns = {"category": rows["category"].tolist()}
    write_texts(out, rows["instruction"].tolist(), rows["intent"].tolist(), sample, columns)
