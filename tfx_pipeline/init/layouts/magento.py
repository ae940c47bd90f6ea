"""Magento (Adobe Commerce): its export of products, and the tables of orders and their items."""

from tfx_pipeline.init.layouts.layout import KnownJoin, KnownTable, Layout

# A product with a chosen size or colour has two rows: its own, with the price, and below it one of the choice.
_OWN_ROWS = {"parent_item_id": ("", "NULL", "\\N")}

MAGENTO = Layout(
    name="Magento",
    files={
        "products": frozenset({"sku", "store_view_code", "attribute_set_code", "product_type", "name"}),
        "items": frozenset({"item_id", "order_id", "sku", "qty_ordered", "price", "created_at"}),
        "orders": frozenset({"entity_id", "increment_id", "customer_email", "status", "created_at"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="items",
            columns={
                "user_id": ("customer_email", "customer_id"),
                "product_id": ("sku",),
                "timestamp": ("created_at",),
                "basket_id": ("order_id",),
                "quantity": ("qty_ordered",),
                "price": ("price",),
            },
            joins=(
                KnownJoin(
                    file="orders", on={"order_id": "entity_id"}, columns=("customer_email", "customer_id", "status")
                ),
            ),
            options={
                "constants": {"event_type": "purchase"},
                "leave_out": {"status": ("canceled", "closed", "fraud", "pending_payment")},
                "guests": "baskets",
            },
            kept_values=_OWN_ROWS,
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("sku",),
                "title": ("name",),
                "description": ("short_description", "description"),
                "category": ("categories",),
                "price": ("price",),
                "in_stock": ("is_in_stock",),
            },
            # A row of a store view repeats a product in another language, and has only what differs.
            kept_values={"store_view_code": ("",)},
        ),
        KnownTable(
            table="products",
            file="items",
            unless="products",
            columns={"product_id": ("sku",), "title": ("name",), "price": ("price",)},
            options={"repeats": "merged"},
            kept_values=_OWN_ROWS,
        ),
    ),
    remarks=("Magento's tables hold times in UTC.",),
)
