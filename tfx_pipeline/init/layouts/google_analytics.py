"""Google Analytics 4: events with their items, as BigQuery exports them to JSON Lines or Parquet."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

_EVENT_TYPES = {
    "view_item": 1.0,
    "add_to_wishlist": 1.0,
    "add_to_cart": 1.0,
    "begin_checkout": 0.0,
    "purchase": 1.0,
}
# Analytics writes this where it was told nothing.
_NO_ITEM = {"items.item_id": ("", "(not set)")}

GOOGLE_ANALYTICS = Layout(
    name="Google Analytics 4",
    files={"events": frozenset({"event_name", "event_timestamp", "user_pseudo_id", "items"})},
    tables=(
        KnownTable(
            table="events",
            file="events",
            columns={
                "user_id": ("user_pseudo_id",),
                "product_id": ("items.item_id",),
                "event_type": ("event_name",),
                "timestamp": ("event_timestamp",),
                "basket_id": ("ecommerce.transaction_id",),
                "quantity": ("items.quantity",),
                "price": ("items.price",),
            },
            options={"explode": "items", "leave_out": _NO_ITEM},
            kept_values={"event_name": tuple(_EVENT_TYPES)},
        ),
        KnownTable(
            table="products",
            file="events",
            columns={
                "product_id": ("items.item_id",),
                "title": ("items.item_name",),
                "brand": ("items.item_brand",),
                "category": ("items.item_category",),
                "price": ("items.price",),
            },
            options={"explode": "items", "leave_out": _NO_ITEM, "repeats": "merged"},
        ),
    ),
    event_types=_EVENT_TYPES,
)
