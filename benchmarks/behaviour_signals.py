"""What searches, dwell time and ratings add to a segmentation, each alone and together, in a made-up shop.

    python benchmarks/behaviour_signals.py [--users 600] [--root FOLDER]

In the made-up shop a user buys of two kinds alike, which purchases tell. What they do not tell is planted in what comes
with events: one in three of the kind that the user cares for has come of a search for it, and one in three is rated 4
or 5; of the other kind one in three is rated 1 or 2; and some users look at each product for some 10 seconds, others
for two minutes. A segment is the kind that is cared for together with the pace, so that purchases alone can find half
of the one and half of the other. Users are told by their latest six events. Trains once for each set of columns,
through the pipeline, and prints accuracy on the test users, and what each column alone and all of them add to none.
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import typer

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.command_line import NewRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder
from serving.segmentation.signals import DWELL, QUERY, SIGNAL_COLUMNS, VALUE
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop

CONFIG = Path(__file__).with_suffix(".yaml")
PRODUCTS = 80
PACES = {"quick": 10.0, "slow": 120.0}
SETS = ((), *((column,) for column in SIGNAL_COLUMNS), SIGNAL_COLUMNS)


def main(
    users: Annotated[int, typer.Option(min=100, help="Users of the shop.")] = 600,
    root: NewRoot = None,
) -> None:
    """Trains and judges once a set of columns."""
    print_machine("tensorflow", "keras")
    accuracy = {}
    with run_folder(root) as folder:
        write_tables(folder, SyntheticShop(products=PRODUCTS, users=users))
        for columns in SETS:
            name = "all" if columns == SIGNAL_COLUMNS else "".join(columns) or "none"
            # One root, so that the tables are read once.
            overrides = [f"tasks.segmentation.signals=[{','.join(columns)}]"]
            summary = run_beside_data(CONFIG.read_text(encoding="utf-8"), folder, overrides, folder / "run")
            accuracy[name] = summary.tasks["segmentation"].metrics["test"]["accuracy"]
            print(f"{name:14} accuracy {accuracy[name]:.4f}", flush=True)
    print_figures(
        {**accuracy, **{f"{name}_gain": accuracy[name] - accuracy["none"] for name in (*SIGNAL_COLUMNS, "all")}}
    )


def write_tables(folder: Path, shop: SyntheticShop) -> None:
    """Writes the shop's tables, with what is planted in its events, and the segments of its users."""
    write_shop(folder, shop)
    events = pd.read_parquet(folder / "events.parquet")
    random = np.random.default_rng(shop.seed)
    number = events["user_id"].str[1:].astype(int)
    kind = events["product_id"].str[1:].astype(int) % shop.kinds
    favourites = {user: shop.favourite_kinds(user) for user in number.unique()}
    cared, other = (number.map({user: pair[place] for user, pair in favourites.items()}) for place in (0, 1))
    pace = number.map(_pace)
    drawn = random.random(len(events))
    categories = pd.read_parquet(folder / "products.parquet").set_index("product_id")["category"]
    names = events["product_id"].map(categories).str.split(" > ").str[-1]
    searched = (kind == cared) & (drawn < 1 / 3)
    liked, disliked = (kind == cared) & (drawn > 2 / 3), (kind == other) & (drawn > 2 / 3)
    events[QUERY] = names.where(searched)
    events[DWELL] = pace.map(PACES) * random.uniform(0.7, 1.3, len(events))
    events[VALUE] = np.select([liked, disliked], [4.0 + (drawn > 5 / 6), 1.0 + (drawn > 5 / 6)], np.nan)
    events.to_parquet(folder / "events.parquet", index=False)
    table = pd.read_parquet(folder / "users.parquet")
    segments = [f"kind {shop.favourite_kinds(int(user[1:]))[0]} {_pace(int(user[1:]))}" for user in table["user_id"]]
    table[["user_id"]].assign(segment=segments).to_parquet(folder / "users.parquet", index=False)


def _pace(user: int) -> str:
    return list(PACES)[np.random.default_rng((user, 7)).integers(2)]


if __name__ == "__main__":
    typer.run(main)
