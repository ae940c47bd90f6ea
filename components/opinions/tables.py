"""The tables that the opinion watch writes."""

import pyarrow as pa

SHARES, ALARMS, ASPECTS, MARKED = "shares", "alarms", "aspects", "marked"
_WEEK = pa.date32()
SHARES_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("name", pa.string()),
        ("week", _WEEK),
        ("reviews", pa.int64()),
        ("negatives", pa.int64()),
        ("share", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)
ALARMS_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("name", pa.string()),
        ("first_week", _WEEK),
        ("last_week", _WEEK),
        ("reviews", pa.int64()),
        ("negatives", pa.int64()),
        ("share", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("usual_share", pa.float64()),
        ("p_value", pa.float64()),
    ]
)
ASPECTS_SCHEMA = pa.schema(
    [
        ("aspect", pa.string()),
        ("negatives", pa.int64()),
        ("others", pa.int64()),
        ("z", pa.float64()),
        ("quotes", pa.list_(pa.string())),
    ]
)
# What a copy copies is named by its own row: product, time and text.
MARKED_SCHEMA = pa.schema(
    [
        ("mark", pa.string()),
        ("product_id", pa.string()),
        ("timestamp", pa.int64()),
        ("text", pa.string()),
        ("rows", pa.int64()),
        ("copied_product_id", pa.string()),
        ("copied_timestamp", pa.int64()),
        ("copied_text", pa.string()),
    ]
)
SCHEMAS = {SHARES: SHARES_SCHEMA, ALARMS: ALARMS_SCHEMA, ASPECTS: ASPECTS_SCHEMA, MARKED: MARKED_SCHEMA}
