"""Whether what moves in a shop's tables is named, and nothing else is.

    python benchmarks/drift.py [--users 1000] [--pairs 20]

The made-up shop of `tfx_pipeline/datasets/synthetic_shop.py`. Four changes are planted, one at a time: prices up by a
fifth, a new category with one in twenty of the products, no `cart` event any more, and bots, one in twenty users, each
with ten times the events of a user. A change is found if its column is named, and no other is. Pairs of samples of one
shop, other users and half of the products each, should raise no alarm. Statistics are those of TFDV, as in a run.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import tensorflow_data_validation as tfdv
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.tables.drift.measures import Moved, measure_drift
from components.tables.drift.options import DriftOptions
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_rows

BOTS, BUSIER, NEW_PRODUCTS = 0.05, 10, 0.05
# Table, column that should be named, and the change.
PLANTED: dict[str, tuple[str, str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "prices up 20%": ("products", "price", lambda rows: rows.assign(price=rows["price"] * 1.2)),
    "a new category": ("products", "category", lambda rows: with_new_category(rows)),
    "no cart events": ("events", "event_type", lambda rows: rows[rows["event_type"] != "cart"]),
    "bots": ("events", "user_id", lambda rows: with_bots(rows)),
}


def main(
    users: Annotated[int, typer.Option(help="Users of a sample; there are twice as many products.")] = 1000,
    pairs: Annotated[int, typer.Option(help="Pairs of samples of one shop.")] = 20,
) -> None:
    """Plants the changes, then compares samples."""
    print_machine("tensorflow-data-validation")
    found = 0
    before, after = sample(users, 0), sample(users, 1)
    for name, (table, column, change) in PLANTED.items():
        moved = too_far(before[table], change(after[table]))
        named = {each.column for each in moved} == {column}
        found += named
        print(f"{name}: {'found' if named else 'MISSED'}; {told(moved)}")
    alarms = 0
    for pair in range(pairs):
        first, second = sample(users, 2 * pair + 2), sample(users, 2 * pair + 3)
        moved = [each for table in first for each in too_far(first[table], second[table])]
        alarms += bool(moved)
        if moved:
            print(f"pair {pair}: {told(moved)}")
    print_figures({"found": found, "planted": len(PLANTED), "false_alarms": alarms, "pairs": pairs})


def sample(users: int, number: int) -> dict[str, pd.DataFrame]:
    """Returns the tables of other users each time, and a random half of the products."""
    shop = SyntheticShop(products=2 * users, users=users)
    products = product_rows(shop, 0, shop.products).to_pandas()
    events = event_rows(shop, number * users, (number + 1) * users).to_pandas()
    return {"products": products.sample(frac=0.5, random_state=number), "events": events}


def with_new_category(products: pd.DataFrame) -> pd.DataFrame:
    """Puts some products into a category that nobody has seen."""
    new = np.random.default_rng(0).random(len(products)) < NEW_PRODUCTS
    return products.assign(category=products["category"].where(~new, "Toys > Kites"))


def with_bots(events: pd.DataFrame) -> pd.DataFrame:
    """Lets some users do ten times what they did."""
    users = events["user_id"].unique()
    bots = np.random.default_rng(0).choice(users, round(BOTS * len(users)), replace=False)
    return pd.concat([events, *[events[events["user_id"].isin(bots)]] * (BUSIER - 1)])


def too_far(before: pd.DataFrame, now: pd.DataFrame) -> list[Moved]:
    """Returns what a run would name."""
    statistics = [tfdv.generate_statistics_from_dataframe(rows, n_jobs=1).datasets[0] for rows in (before, now)]
    return [each for each in measure_drift(*statistics, DriftOptions()) if each.too_far]


def told(moved: list[Moved]) -> str:
    """Returns what was named, with sizes."""
    return "; ".join(f"{each.column}: {each.what} ({each.measure} {each.value:.3f})" for each in moved) or "nothing"


if __name__ == "__main__":
    typer.run(main)
