"""Instacart: orders in sequence, without dates."""

from tfx_pipeline.init.layouts.layout import KnownJoin, KnownTable, Layout

INSTACART = Layout(
    name="Instacart",
    files={
        "lines": frozenset({"order_id", "product_id", "add_to_cart_order", "reordered"}),
        "orders": frozenset({"order_id", "user_id", "eval_set", "order_number"}),
        "products": frozenset({"product_id", "product_name", "aisle_id", "department_id"}),
        "aisles": frozenset({"aisle_id", "aisle"}),
        "departments": frozenset({"department_id", "department"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="lines",
            columns={
                "user_id": ("user_id",),
                "product_id": ("product_id",),
                # The orders of a user are numbered; the days between them do not add up to dates.
                "position": ("order_number",),
                "basket_id": ("order_id",),
            },
            joins=(KnownJoin(file="orders", on="order_id", columns=("user_id", "order_number")),),
            options={"constants": {"event_type": "purchase"}},
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("product_id",),
                "title": ("product_name",),
                "brand": ("department",),
                "category": ("aisle", "aisle_id"),
            },
            joins=(
                KnownJoin(file="aisles", on="aisle_id", columns=("aisle",), needed=False),
                KnownJoin(file="departments", on="department_id", columns=("department",), needed=False),
            ),
        ),
    ),
    remarks=("The department stands in `brand`, which these products lack.",),
)
