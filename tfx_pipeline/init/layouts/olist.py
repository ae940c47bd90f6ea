"""Olist: orders, their items, customers and products of a Brazilian marketplace."""

from tfx_pipeline.init.layouts.layout import KnownJoin, KnownTable, Layout

OLIST = Layout(
    name="Olist",
    files={
        "items": frozenset({"order_id", "order_item_id", "product_id", "seller_id", "price"}),
        "orders": frozenset({"order_id", "customer_id", "order_status", "order_purchase_timestamp"}),
        "customers": frozenset({"customer_id", "customer_unique_id"}),
        "products": frozenset({"product_id", "product_category_name", "product_photos_qty"}),
        "translation": frozenset({"product_category_name", "product_category_name_english"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="items",
            columns={
                "user_id": ("customer_unique_id", "customer_id"),
                "product_id": ("product_id",),
                "timestamp": ("order_purchase_timestamp",),
                "basket_id": ("order_id",),
                "price": ("price",),
            },
            joins=(
                KnownJoin(
                    file="orders",
                    on="order_id",
                    columns=("customer_id", "order_status", "order_purchase_timestamp"),
                ),
                # A customer_id is made for each order; the person is the unique one.
                KnownJoin(file="customers", on="customer_id", columns=("customer_unique_id",)),
            ),
            options={
                "constants": {"event_type": "purchase"},
                "leave_out": {"order_status": ("canceled", "unavailable")},
            },
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("product_id",),
                "title": ("product_category_name_english", "product_category_name"),
                "category": ("product_category_name_english", "product_category_name"),
            },
            joins=(
                KnownJoin(
                    file="translation",
                    on="product_category_name",
                    columns=("product_category_name_english",),
                    needed=False,
                ),
            ),
        ),
    ),
    time_zone="America/Sao_Paulo",
    titles=False,
    remarks=("Olist's products have no titles; the name of the category stands in for them.",),
)
