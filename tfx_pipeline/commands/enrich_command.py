"""`shelfwise enrich`: what products lack, filled from their texts, as a table to review."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.config.config import changed_config
from tfx_pipeline.summary.file import FILE_NAME, summary_of_run
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.terminal.console import console, plain_table
from tfx_pipeline.terminal.logs import logs_in

# Under the root of a run.
FOLDER = "enrich"
REVIEW_FILE = "filled.csv"
_FIELDS = ("brand", "category")
_NO_FIELDS = ("product_id", "title", "description")


def enrich(root: Path, fields: Sequence[str], least_right: float) -> None:
    """Writes what it dares to fill under the root, and prints how that does where the value is known.

    Args:
        root: Folder of a run whose tables have `products`.
        fields: Columns of products to fill; none takes brand, category and those that the configuration has as
            categories of products.
        least_right: Share of the filled values that has to be right.

    Raises:
        InputError: There was no such run, or the table has no such column.
    """
    summary = summary_of_run(root)
    config = changed_config(summary.config, (), f"{root / FILE_NAME}")
    products = _products(root)
    there = [name for name in _texts_of(products[0]) if name not in _NO_FIELDS]
    wanted = list(dict.fromkeys(fields or [*_FIELDS, *config.features.products.categorical]))
    chosen = [name for name in wanted if name in there]
    missing = [name for name in wanted if name not in there]
    if (fields and missing) or not chosen:
        raise InputError(
            f"--field {missing[0]}: expected a column of texts of `products`, which has {', '.join(there) or 'none'}"
        )
    console.print("loading Beam …")
    with logs_in(Path(os.devnull)):
        from components.enriching.filling import fill_fields

        partial = root / f"{FOLDER}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill_fields(products, chosen, least_right, str(partial), config.beam.arguments())
        _write_review(partial)
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        partial.rename(root / FOLDER)
    _print(root / FOLDER)


def _products(root: Path) -> list[str]:
    try:
        folder = latest_artifact(root, "ProductsExampleGen", "examples")
    except FileNotFoundError:
        raise InputError(f"{root}: expected a run with the table `products`, but its last run had none") from None
    return sorted(map(str, folder.glob("Split-all/*.parquet")))


def _texts_of(file: str) -> list[str]:
    """Returns the columns of a table artifact that hold texts."""
    schema = pq.ParquetFile(file).schema_arrow
    kinds = {field.name: field.type.value_type if pa.types.is_list(field.type) else field.type for field in schema}
    return [name for name, kind in kinds.items() if pa.types.is_binary(kind) or pa.types.is_string(kind)]


def _write_review(folder: Path) -> None:
    writer = None
    for file in sorted(folder.glob("filled-*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches():
            writer = writer or pyarrow.csv.CSVWriter(folder / REVIEW_FILE, batch.schema)
            writer.write_batch(batch)
    if writer is not None:
        writer.close()


def _print(folder: Path) -> None:
    table = plain_table("field", "missing", "filled", "of known ones, filled", "right")
    rows = [row for file in sorted(folder.glob("judged-*.parquet")) for row in pq.read_table(file).to_pylist()]
    for row in sorted(rows, key=lambda row: row["field"]):
        of_known = f"{row['dared']:,} of {row['known']:,}"
        right = f"{row['right'] / row['dared']:.1%}" if row["dared"] else ""
        table.add_row(row["field"], f"{row['missing']:,}", f"{row['filled']:,}", of_known, right)
    console.print(table)
    console.print(f"wrote {folder / REVIEW_FILE}: look through it before you take it over")
