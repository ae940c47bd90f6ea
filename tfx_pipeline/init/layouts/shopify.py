"""Shopify: the CSV exports of orders and of products."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

SHOPIFY = Layout(
    name="Shopify",
    files={
        "orders": frozenset({"Name", "Email", "Created at", "Lineitem name", "Lineitem quantity", "Lineitem price"}),
        "products": frozenset({"Handle", "Title", "Vendor", "Variant SKU", "Variant Price"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="orders",
            columns={
                "user_id": ("Email", "Phone"),
                "product_id": ("Lineitem sku", "Lineitem name"),
                "timestamp": ("Created at",),
                "basket_id": ("Name",),
                "quantity": ("Lineitem quantity",),
                "price": ("Lineitem price",),
            },
            options={
                "constants": {"event_type": "purchase"},
                # The first line of an order alone says whose it is, and when.
                "fill_down": ("Name", "Email", "Phone", "Created at", "Financial Status"),
                "leave_out": {"Financial Status": ("voided", "refunded")},
                "guests": "baskets",
            },
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("Variant SKU",),
                "title": ("Title",),
                "description": ("Body (HTML)",),
                "brand": ("Vendor",),
                "category": ("Product Category", "Type"),
                "price": ("Variant Price",),
            },
            # The first row of a product alone has its title; rows of further pictures have no variant.
            options={
                "fill_down": ("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type"),
                "leave_out": {"Variant SKU": ("",)},
            },
        ),
        KnownTable(
            table="products",
            file="orders",
            unless="products",
            columns={
                "product_id": ("Lineitem sku", "Lineitem name"),
                "title": ("Lineitem name",),
                "brand": ("Vendor",),
                "price": ("Lineitem price",),
            },
            options={"repeats": "merged"},
        ),
    ),
)
