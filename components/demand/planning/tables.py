"""The tables that follow from demand, as they are published."""

import pyarrow as pa

FORECASTS_FILE, REORDER_FILE, MOVES_FILE = "forecasts.parquet", "reorder.parquet", "moves.parquet"
PRICES_FILE, RECENT_FILE, PLAN_FILE = "prices.parquet", "recent.parquet", "plan.json"

_IDS = [("product_id", pa.string()), ("store_id", pa.string()), ("title", pa.string())]
FORECASTS_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        *_IDS,
        ("category", pa.string()),
        ("week", pa.date32()),
        *((f"q{tenth}0", pa.float32()) for tenth in range(1, 10)),
    ]
)
REORDER_SCHEMA = pa.schema(
    [
        *_IDS,
        ("abc", pa.string()),
        ("xyz", pa.string()),
        ("on_hand", pa.float64()),
        ("weekly_demand", pa.float64()),
        ("cover_weeks", pa.float64()),
        ("order_up_to", pa.float64()),
        ("order_quantity", pa.float64()),
        ("service_level", pa.float64()),
        ("lead_time_days", pa.float64()),
        ("pack_size", pa.float64()),
        ("unit_cost", pa.float64()),
        ("price", pa.float64()),
        ("alarm", pa.string()),
    ]
)
MOVES_SCHEMA = pa.schema(
    [("product_id", pa.string()), ("from_store", pa.string()), ("to_store", pa.string()), ("quantity", pa.int64())]
)
PRICES_SCHEMA = pa.schema(
    [
        *_IDS,
        ("elasticity", pa.float64()),
        ("elasticity_low", pa.float64()),
        ("elasticity_high", pa.float64()),
        ("usual_price", pa.float64()),
        ("lowest_price", pa.float64()),
        ("highest_price", pa.float64()),
        ("variation", pa.float64()),
        ("unit_cost", pa.float64()),
        ("cost_known", pa.bool_()),
        ("weekly_demand", pa.float64()),
    ]
)
# What `shelfwise demand` sends of a product: the latest weeks, and what is known of the coming ones.
RECENT_SCHEMA = pa.schema(
    [
        *_IDS,
        ("recent_units", pa.list_(pa.float32())),
        ("recent_covariates", pa.list_(pa.float32())),
        ("known_covariates", pa.list_(pa.float32())),
    ]
)
