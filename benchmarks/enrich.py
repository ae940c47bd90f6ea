"""Whether hidden brands, categories and other fields of products come back right, and how many of them.

    python benchmarks/enrich.py --products products.parquet --fields brand,category

Of a table of products, the values of a share of the products are hidden; what is filled is compared with them. The peer
takes the longest known value that stands in a product's title.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from components.enriching.filling import fill_fields
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS


def main(
    products: Annotated[Path, typer.Option(help="Parquet file with product_id, title and the fields.")],
    fields: Annotated[str, typer.Option(help="Comma-separated columns to hide and fill.")] = "brand",
    title: Annotated[str, typer.Option(help="Column with the title.")] = "title",
    hidden: Annotated[float, typer.Option(help="Share of the products whose values are hidden.")] = 0.2,
    least_right: Annotated[float, typer.Option(help="Share of what is filled that has to be right.")] = 0.97,
    sample: Annotated[int, typer.Option(help="Products to take; 0 for all.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of which are hidden.")] = 0,
) -> None:
    """Hides values, fills them, and counts."""
    print_machine("apache-beam", "scikit-learn")
    names = fields.split(",")
    table = pd.read_parquet(products).rename(columns={title: "title"})
    if sample:
        table = table.sample(min(sample, len(table)), random_state=seed)
    table = table.set_index(table["product_id"].astype(str))
    is_hidden = np.random.default_rng(seed).random(len(table)) < hidden
    given = table.copy()
    given.loc[is_hidden, names] = None
    filled = fill(given, names, least_right)
    figures: dict[str, float | None] = {}
    for name in names:
        true = table.loc[is_hidden & table[name].notna().to_numpy(), name].astype(str)
        mine = filled[filled["field"] == name].set_index("product_id")["value"]
        mine = mine[mine.index.isin(true.index)]
        peer = in_titles(given, name).reindex(true.index).dropna()
        for who, found in (("", mine), ("title_", peer)):
            right = int((true.loc[found.index] == found).sum())
            figures[f"{name}_{who}precision"] = ratio(right, len(found))
            figures[f"{name}_{who}filled"] = ratio(len(found), len(true))
    print_figures({**figures, "precision": min(figures[f"{name}_precision"] or 0.0 for name in names)})


def fill(table: pd.DataFrame, fields: list[str], least_right: float) -> pd.DataFrame:
    """Returns what is filled of a table."""
    columns = ["title", *(["description"] if "description" in table else []), *fields]
    lists = {
        name: pa.array([None if pd.isna(each) else [str(each).encode()] for each in table[name]]) for name in columns
    }
    with tempfile.TemporaryDirectory() as scratch:
        file, out = Path(scratch) / "products.parquet", Path(scratch) / "out"
        ids = pa.array([[product.encode()] for product in table.index])
        pq.write_table(pa.table({"product_id": ids, **lists}), file)
        fill_fields([str(file)], fields, least_right, str(out), LOCAL_BEAM_ARGS)
        return pd.concat([pd.read_parquet(each) for each in sorted(out.glob("filled-*.parquet"))])


def in_titles(table: pd.DataFrame, field: str) -> pd.Series:
    """Returns the longest known value of a field that stands in each title."""
    known = sorted(table[field].dropna().astype(str).unique(), key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in known))
    found = table["title"].astype(str).map(pattern.search)
    return found.dropna().map(lambda match: match.group())


if __name__ == "__main__":
    typer.run(main)
