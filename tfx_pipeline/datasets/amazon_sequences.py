"""Amazon review sequences: user_id, product_id and position become events without timestamps, attributes products."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.datasets.sampling import sampled_rows

_FILE_NAME = "sequences.parquet"
_COLUMNS = ("user_id", "product_id", "position")
_ATTRIBUTES_FILE_NAME = "attributes.parquet"
_ATTRIBUTE_COLUMNS = ("product_id", "attribute_ids")
# Columns that attributes are spread over. Five are all that most products have.
ATTRIBUTE_NAMES = tuple(f"attribute_{place}" for place in range(1, 6))


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `events.parquet`; every row of a sequence counts as a purchase. Attributes become `products.parquet`.

    The data set has no texts: use `text: off`. It has positions only: use `split: {method: leave_last_out}`. Where
    `attributes.parquet` (product_id, attribute_ids) lies beside the sequences, a product's attributes, those of most
    products first, are its category, and the columns `ATTRIBUTE_NAMES` hold the first four and the last: name these
    under `features.products.categorical`.

    Args:
        out: Folder to write into.
        source: The Parquet file, or a folder that holds it as `sequences.parquet`.
        sample: Share of the users to keep.

    Raises:
        InputError: There is no such file, or a file is not Parquet with the columns that it should have.
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
    attributes = file.with_name(_ATTRIBUTES_FILE_NAME)
    if attributes.is_file():
        pq.write_table(_products(attributes, table["product_id"]), out / "products.parquet")


def _products(file: Path, bought: pa.ChunkedArray) -> pa.Table:
    """Returns a row for each product that has attributes or was bought; its id is its title."""
    try:
        rows = pq.read_table(file, columns=list(_ATTRIBUTE_COLUMNS)).to_pylist()
    except (pa.ArrowInvalid, KeyError) as error:
        raise InputError(f"`{file}` should be Parquet with the columns {', '.join(_ATTRIBUTE_COLUMNS)}.") from error
    attributes_of = {str(row["product_id"]): [str(name) for name in row["attribute_ids"] or ()] for row in rows}
    products_with = Counter(name for names in attributes_of.values() for name in set(names))
    products = []
    for product_id in sorted({*attributes_of, *bought.to_pylist()}):
        names = sorted(set(attributes_of.get(product_id, ())), key=lambda name: (-products_with[name], name))
        last = len(ATTRIBUTE_NAMES) - 1
        spread = [*names[:last], *names[last:][-1:]]
        products.append(
            {"product_id": product_id, "title": product_id, "category": " > ".join(names)}
            | dict(zip(ATTRIBUTE_NAMES, spread, strict=False))
        )
    strings = pa.schema([(name, pa.string()) for name in ("product_id", "title", "category", *ATTRIBUTE_NAMES)])
    return pa.Table.from_pylist(products, strings)


def _find(source: Path | None) -> Path:
    if source is None:
        raise InputError(f"amazon_sequences needs `--source`: a Parquet file of {', '.join(_COLUMNS)}, or its folder.")
    file = source / _FILE_NAME if source.is_dir() else source
    if not file.is_file():
        raise InputError(f"No file `{file}`; `--source` should be a Parquet file, or a folder with {_FILE_NAME}.")
    return file
