"""Whether discovered segments come out the same with other seeds and month after month, and find planted tastes.

    python benchmarks/discovered_segments.py --data FOLDER [--seeds 3] [--months 3]

FOLDER holds `online_retail.parquet`, whose products are compared one by one, or `events.parquet` and `products.parquet`
as `shelfwise prepare complete_journey` writes them, whose products are compared by the last level of their category.
Users are grouped as a run with `segments.labels: discovered` does it. `ari_seeds` is the mean adjusted Rand index
between the segments of each pair of seeds, each from nothing, all that is drawn and the number of segments included.
`ari_months` is that between the ends of months of 28 days, over the users of both: each month goes on from the one
before, as runs do. `recovery` is the index of the segments of a made-up shop with the pair of kinds that each user was
made to prefer. Ends with these figures.
"""

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from sklearn.metrics import adjusted_rand_score

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.segmentation.discovery.discovered_segments import DiscoveredSegments, discover
from components.segmentation.discovery.kind_counts import KindCounts
from components.segmentation.discovery.options import DiscoveryOptions
from serving.graph.time_units import DAY_SECONDS
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_rows, user_id

MONTH_SECONDS = 28 * DAY_SECONDS
PLANTED = SyntheticShop(products=80, users=1_000, events_per_user=100)


def main(
    data: Annotated[Path, typer.Option(help="Folder with events and products, or with online_retail.parquet.")],
    seeds: Annotated[int, typer.Option(min=2, help="Seeds to compare.")] = 3,
    months: Annotated[int, typer.Option(min=1, help="Pairs of months to compare.")] = 3,
) -> None:
    """Groups users again and again."""
    print_machine("scikit-learn")
    options, events = DiscoveryOptions(), read_events(data)
    end = int(events["timestamp"].max()) + 1
    counts, _ = counted(events, end, options)
    found = [discover(counts, options, seed) for seed in range(seeds)]
    for segments, facts in found:
        print(f"stability {facts['stability']:.3f}: {'; '.join(segments.names)}", flush=True)
    labels = [segments.of_users(counts) for segments, _ in found]
    ari_seeds = float(np.mean([adjusted_rand_score(*pair) for pair in itertools.combinations(labels, 2)]))
    by_month = month_after_month(events, [end - back * MONTH_SECONDS for back in range(months, -1, -1)], options)
    print_figures(
        {
            "ari_seeds": ari_seeds,
            "ari_months": float(np.mean(by_month)),
            "least_ari_months": min(by_month),
            "recovery": recovery(options),
            "segments": len(found[0][0].names),
            "users": counts.users,
        }
    )


def read_events(data: Path) -> pd.DataFrame:
    """Returns columns user_id, kind and timestamp, a row an event."""
    if (data / "online_retail.parquet").exists():
        lines = pd.read_parquet(data / "online_retail.parquet")
        lines = lines[lines["CustomerID"] > 0]
        moments = (pd.to_datetime(lines["InvoiceDate"]) - pd.Timestamp(0)) // pd.Timedelta(seconds=1)
        users = lines["CustomerID"].astype(int).astype(str)
        titles = lines["StockCode"].map(lines.groupby("StockCode")["Description"].first()).astype(str)
        return pd.DataFrame({"user_id": users, "kind": titles, "timestamp": moments})
    events = pd.read_parquet(data / "events.parquet", columns=["user_id", "product_id", "timestamp"])
    return with_kinds(events, pd.read_parquet(data / "products.parquet", columns=["product_id", "category"]))


def with_kinds(events: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Returns events with the last level of their product's category."""
    kinds = products.set_index("product_id")["category"].fillna("").str.split(" > ").str[-1]
    return events.assign(kind=events["product_id"].map(kinds).fillna(""))[["user_id", "kind", "timestamp"]]


def counted(events: pd.DataFrame, end: int, options: DiscoveryOptions) -> tuple[KindCounts, pd.Index]:
    """Counts the events of each user by kind up to a moment; returns the users too."""
    within = events[(events["timestamp"] < end) & (events["timestamp"] >= end - options.window_seconds)]
    within = within[within["kind"] != ""]
    pairs = within.groupby(["user_id", "kind"]).size().reset_index(name="events")
    user, users = pd.factorize(pairs["user_id"], sort=True)
    kinds = pa.array(pairs["kind"].tolist(), pa.string())
    return KindCounts(len(users), user.astype(np.int64), kinds, pairs["events"].to_numpy(np.int64)), pd.Index(users)


def month_after_month(events: pd.DataFrame, ends: list[int], options: DiscoveryOptions) -> list[float]:
    """Returns the adjusted Rand index of each month with the one before, over the users of both."""
    found: list[float] = []
    earlier: DiscoveredSegments | None = None
    before = pd.Series(dtype=np.int64)
    for end in ends:
        counts, users = counted(events, end, options)
        segments, facts = discover(counts, options, 0, earlier)
        now = pd.Series(segments.of_users(counts), index=users)
        if earlier is not None:
            both = now.index.intersection(before.index)
            found.append(float(adjusted_rand_score(before[both], now[both])))
            old, new = np.array(earlier.names)[before[both]], np.array(segments.names)[now[both]]
            kept = f"{facts['kept_names']} of {len(segments.names)} names kept, by which {np.mean(old == new):.0%} stay"
            print(f"{len(both):,} users of both months: {found[-1]:.3f}; {kept}", flush=True)
        earlier, before = segments, now
    return found


def recovery(options: DiscoveryOptions) -> float:
    """Returns the adjusted Rand index with the tastes that were planted in a made-up shop."""
    events = event_rows(PLANTED, 0, PLANTED.users).to_pandas()
    counts, users = counted(
        with_kinds(events, product_rows(PLANTED, 0, PLANTED.products).to_pandas()),
        2**62,
        options.model_copy(update={"window_days": 2**62 / DAY_SECONDS}),
    )
    segments, _ = discover(counts, options, 0)
    planted = {user_id(user): str(sorted(PLANTED.favourite_kinds(user))) for user in range(PLANTED.users)}
    return float(adjusted_rand_score([planted[user] for user in users], segments.of_users(counts)))


if __name__ == "__main__":
    typer.run(main)
