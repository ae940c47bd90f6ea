"""Taobao user behaviour: a file without a header."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

_NAMES = ("user_id", "item_id", "category_id", "behavior_type", "timestamp")

TAOBAO = Layout(
    name="Taobao user behaviour",
    files={"behaviour": frozenset(_NAMES)},
    headerless={"behaviour": _NAMES},
    headerless_type="behavior_type",
    tables=(
        KnownTable(
            table="events",
            file="behaviour",
            columns={
                "user_id": ("user_id",),
                "product_id": ("item_id",),
                "event_type": ("behavior_type",),
                "timestamp": ("timestamp",),
            },
        ),
    ),
    event_types={"pv": 1.0, "fav": 1.0, "cart": 1.0, "buy": 1.0},
    bought_event_type="buy",
    time_zone="Asia/Shanghai",
    remarks=("The items have no titles, so the catalogue is the ids in events.",),
)
