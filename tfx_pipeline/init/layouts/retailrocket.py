"""RetailRocket: views, carts and transactions of anonymous visitors."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

RETAILROCKET = Layout(
    name="RetailRocket",
    files={
        "events": frozenset({"timestamp", "visitorid", "event", "itemid", "transactionid"}),
        "properties": frozenset({"timestamp", "itemid", "property", "value"}),
        "categories": frozenset({"categoryid", "parentid"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="events",
            columns={
                "user_id": ("visitorid",),
                "product_id": ("itemid",),
                "event_type": ("event",),
                "timestamp": ("timestamp",),
                "basket_id": ("transactionid",),
            },
        ),
    ),
    event_types={"view": 1.0, "addtocart": 1.0, "transaction": 1.0},
    bought_event_type="transaction",
    remarks=("The properties of items are hashed and hold no titles, so the catalogue is the ids in events.",),
)
