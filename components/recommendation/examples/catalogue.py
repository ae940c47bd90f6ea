"""The catalogue of recommendation: the products that users have touched often enough."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import FloatArray, IntArray
from components.events.join_notes import missed_users
from components.products.catalogue import Popularity, build_catalogue
from components.recommendation.examples.counts import Counted
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.product_statistics import STATISTICS, statistics_column

PRODUCT_COLUMNS = (
    "product_id",
    "sku",
    "title",
    "category",
    "brand",
    "price",
    "in_stock",
    "recommendable",
    "description",
    "review_phrases",
    "image",
)
DECAYED = "weekly_decayed"


def count_column(event_type: int) -> str:
    """Returns the column that counts the events of a type, such as `count_2`."""
    return f"count_{event_type}"


def no_counts(event_types: int) -> pa.Table:
    """Returns counts of no product, with the columns that `build_recommendation_catalogue` reads."""
    floats = [DECAYED, *(statistics_column(name, 0) for name in STATISTICS)]
    integers = [count_column(number) for number in range(event_types)]
    fields = [("product_id", pa.binary()), *((name, pa.int64()) for name in integers)]
    return pa.schema([*fields, *((name, pa.float64()) for name in floats)]).empty_table()


def build_recommendation_catalogue(
    counts: pa.Table, products: pa.Table | None, options: RecommendationExamplesOptions
) -> pa.Table:
    """Chooses the products that a model learns, and gathers what serving shows of them.

    Args:
        counts: Columns product_id (binary), count_0, count_1, … (int64; events of each type before the test
            period) and weekly_decayed (float64; their weight, less by their age). One row for each product that has an
            event at any time.
        products: The products table with plain columns, or None where a shop has none; the catalogue is
            then the ids in events, and an id is its own title.
        options: Event weights, the least number of events, and which columns make up the text.

    Returns:
        A table with `trainer.artifacts.catalogue.CATALOGUE_SCHEMA` and the exposure columns, in byte order of product
        ids.
    """
    if products is None:
        products = pa.table({"product_id": counts["product_id"]})
    place = pc.index_in(products["product_id"].cast(pa.binary()), value_set=counts["product_id"].combine_chunks())
    by_type = [
        pc.fill_null(counts[count_column(number)].take(place), 0).to_numpy()
        for number in range(len(options.event_types))
    ]
    event_count: IntArray = np.sum(by_type, axis=0, dtype=np.int64)
    weighted: FloatArray = np.sum([w * n for w, n in zip(options.event_types.values(), by_type, strict=True)], axis=0)
    decayed = pc.fill_null(counts[DECAYED].take(place), 0.0).to_numpy()
    # What is rejected more than it is had is as popular as what nobody had.
    weighted, decayed = np.maximum(weighted, 0.0), np.maximum(decayed, 0.0)
    kept = event_count >= options.min_product_events
    popularity = Popularity(event_count[kept], weighted[kept], decayed[kept])
    compared = [pa.field(name, pa.string()) for name in options.exposure_columns]
    return build_catalogue(products.filter(pa.array(kept)), popularity, options.text_fields, compared)


def catalogue_facts(
    counted: Counted, options: RecommendationExamplesOptions, *, has_timestamps: bool
) -> dict[str, Any]:
    """Returns `catalogue.json`.

    Args:
        counted: What was read and written, and where the periods begin.
        options: Event types and their weights.
        has_timestamps: Whether events have timestamps.
    """
    events, counts, moments = counted
    return {
        "event_types": list(options.event_types),
        "event_weights": list(options.event_types.values()),
        "bought_event_type": options.bought_event_type,
        "exposure_columns": list(options.exposure_columns),
        "has_timestamps": has_timestamps,
        "test_start": moments.test_start,
        "validation_start": moments.validation_start,
        "counts": {
            "events": events.events,
            "products": counts.catalogue_products,
            "users": counts.users,
            "filtered_products": counts.known_products - counts.catalogue_products,
            "filtered_events": counts.filtered_events,
            "products_without_events": counts.products_without_events,
            **missed_users(events),
            "unknown_product_events": events.unknown_product_events,
            "events_after_test_start": counts.events_after_test_start,
        },
        "examples": {"train": counts.train, "eval": counts.eval, "ranker": counts.ranker, "test": counts.test},
    }
