"""Whether the chance to buy in a category within 28 days is what comes true, beside the share of the last 8 weeks.

    python benchmarks/category_chances.py --data FOLDER [--weeks 45]

FOLDER holds `events.parquet` and `products.parquet` as `shelfwise prepare complete_journey` writes them. Chances are
learned from what users did up to the end of week 45, at three moments of which the last lies 28 days before it, and
judged by what they do in the 28 days after it: all users who bought before, and all categories. Prints the calibration
error (20 groups of as many pairs), the Brier score, that of the share of the last two times 28 days in which the user
bought in the category, and the 95% interval of the difference of both over users (bootstrap).
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.segmentation.profiles.category_habits import (
    Purchases,
    bought_within,
    category_habits,
    share_of_periods,
)
from components.segmentation.profiles.chances import Chances, judge
from components.segmentation.profiles.options import ProfileOptions
from serving.graph.time_units import WEEK_SECONDS
from trainer.metrics.bootstrap import bootstrap_intervals


def main(
    data: Annotated[Path, typer.Option(help="Folder with events.parquet and products.parquet.")],
    weeks: Annotated[int, typer.Option(help="Week at whose end chances are asked for.")] = 45,
) -> None:
    """Learns, asks and waits for what comes true."""
    print_machine("scikit-learn")
    options = ProfileOptions()
    purchases, users, categories, start = read_purchases(data, options)
    moment, period = start + weeks * WEEK_SECONDS, options.chance_seconds
    first = moment - options.moments * period
    known = (purchases.time < first) & (purchases.category >= 0)
    popularity = np.bincount(purchases.category[known], minlength=categories).astype(np.float64)
    chosen = np.random.default_rng(0).permutation(users)[: options.max_users]
    habits, bought = [], []
    for number in range(1, options.moments + 1):
        then = moment - number * period
        habits.append(category_habits(purchases, users, popularity, then, period)[chosen])
        bought.append(bought_within(purchases, users, categories, then, then + period)[chosen])
    model = Chances.fit(np.concatenate(habits).reshape(-1, habits[0].shape[-1]), np.concatenate(bought).ravel(), 0)
    had = np.bincount(purchases.user[purchases.time < moment], minlength=users) > 0
    chances = model.of(category_habits(purchases, users, popularity, moment, period)[had])
    came_true = bought_within(purchases, users, categories, moment, moment + period)[had]
    shares = share_of_periods(purchases, users, categories, moment, period)[had]
    found = judge(chances.ravel(), came_true.ravel(), shares.ravel())
    gains = ((shares - came_true) ** 2 - (chances - came_true) ** 2).mean(axis=1)
    (gain,) = bootstrap_intervals(gains[:, np.newaxis], seed=0)
    print_figures({**found._asdict(), "gain_low": gain.low, "users": int(had.sum()), "categories": categories})


def read_purchases(data: Path, options: ProfileOptions) -> tuple[Purchases, int, int, int]:
    """Returns purchases, how many users and categories there are, and the first moment of all."""
    events = pd.read_parquet(data / "events.parquet", columns=["user_id", "product_id", "timestamp", "basket_id"])
    products = pd.read_parquet(data / "products.parquet", columns=["product_id", "category"]).set_index("product_id")
    levels = products["category"].fillna("").str.split(" > ").str[: options.category_levels].str.join(" > ")
    events = events.sort_values(["user_id", "timestamp", "basket_id"], ignore_index=True)
    names = events["product_id"].map(levels).fillna("")
    kept = names[names != ""].value_counts().index[: options.most_categories]
    user, users = pd.factorize(events["user_id"])
    visit = ~events.duplicated(["user_id", "timestamp", "basket_id"])
    purchases = Purchases(
        user=user.astype(np.int64),
        time=events["timestamp"].to_numpy(np.int64),
        category=kept.get_indexer(pd.Index(names)).astype(np.int64),
        visit=visit.to_numpy().astype(np.float64),
    )
    return purchases, len(users), len(kept), int(events["timestamp"].min())


if __name__ == "__main__":
    typer.run(main)
