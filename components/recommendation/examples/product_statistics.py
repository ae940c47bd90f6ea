"""How each product sells, counted up to each moment that a ranker learns from or answers at."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import BoolArray, EventHistory, FloatArray, IntArray, run_starts
from serving.graph.time_units import WEEK_SECONDS
from trainer.artifacts.names import PRODUCT_STATISTICS_FILE
from trainer.artifacts.parquet_files import write_parquet

STATISTICS = ("total", "decayed", "recent", "latest", "buyers", "repeat_buyers")
_DECAY_WEEKS = 10.0
_RECENT_WEEKS = 4
_LATEST_WEEKS = 1.0


def statistics_column(statistic: str, moment: int) -> str:
    """Returns the column that holds a statistic at the moment of that number, such as `recent_2`."""
    return f"{statistic}_{moment}"


def count_statistics(
    history: EventHistory, counted: BoolArray, type_weights: FloatArray, moment: int | None
) -> dict[str, FloatArray]:
    """Counts the products of some users; sums of different users add up.

    Args:
        history: All events of the users.
        counted: The events up to the moment, `(events,)`; those of a negative weight do not count.
        type_weights: Weight of each event type, `(types,)`.
        moment: Unix seconds; None where events have no time, and then no event is old.

    Returns:
        `total`: weight of the events; `decayed`: the same, by exp(-age / 10 weeks); `recent`: of the last four
        weeks; `latest`: by exp(-age / 1 week); `buyers`: distinct users; `repeat_buyers`: those who came back. Guests
        are no users. Each `(len(history.products),)`.
    """
    products = len(history.products)
    # What rejects a product is no sale.
    counted = counted & (type_weights[history.event_type] >= 0.0)
    user, product, group = history.user[counted], history.product[counted], history.group[counted]
    weights = type_weights[history.event_type[counted]]
    weeks = np.zeros(len(user)) if moment is None else (moment - history.time[counted]) / WEEK_SECONDS
    # A product counts once for each group of a user: who had it in two groups came back.
    first = np.flatnonzero(run_starts(group, product) & (user >= 0))
    pairs, times = np.unique(user[first] * products + product[first], return_counts=True)
    came_back = pairs[times > 1]

    def add_up(products_of: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(products_of, values, minlength=products).astype(np.float64)

    return {
        "total": add_up(product, weights),
        "decayed": add_up(product, weights * np.exp(-weeks / _DECAY_WEEKS)),
        "recent": add_up(product, weights * (weeks < _RECENT_WEEKS)),
        "latest": add_up(product, weights * np.exp(-weeks / _LATEST_WEEKS)),
        "buyers": add_up(pairs % products, np.ones(len(pairs))),
        "repeat_buyers": add_up(came_back % products, np.ones(len(came_back))),
    }


def write_product_statistics(uri: str, counts: pa.Table, product_ids: pa.ChunkedArray) -> None:
    """Writes the statistics of a catalogue's products, in its order, under an artifact's uri.

    Args:
        uri: The catalogue artifact's uri.
        counts: product_id (binary) and a column for each statistic and moment.
        product_ids: The catalogue's ids; one without counts gets zeros.
    """
    place = pc.index_in(product_ids.cast(pa.binary()), value_set=counts["product_id"].combine_chunks())
    names = [name for name in counts.column_names if name.rpartition("_")[0] in STATISTICS]
    table = pa.table({name: pc.fill_null(counts[name].take(place), 0.0).cast(pa.float32()) for name in names})
    write_parquet(f"{uri}/{PRODUCT_STATISTICS_FILE}", table)
