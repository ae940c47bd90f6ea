"""WooCommerce: its own export of products, and orders with a row an item as the two usual plugins write them."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

_NOT_SOLD = (
    "cancelled",
    "refunded",
    "failed",
    "pending",
    "trash",
    "wc-cancelled",
    "wc-refunded",
    "wc-failed",
    "wc-pending",
    "Cancelled",
    "Refunded",
    "Failed",
    "Pending payment",
)

_PRODUCTS = KnownTable(
    table="products",
    file="products",
    columns={
        "product_id": ("SKU", "ID"),
        "title": ("Name",),
        "description": ("Short description", "Description"),
        "brand": ("Brands",),
        "category": ("Categories",),
        "price": ("Regular price",),
        "in_stock": ("In stock?",),
    },
    options={"leave_out": {"Type": ("grouped",)}},
)

WOOCOMMERCE = Layout(
    name="WooCommerce",
    files={
        "products": frozenset({"ID", "Type", "SKU", "Name", "Published", "Regular price"}),
        "item rows": frozenset({"order_id", "order_number", "item_name", "item_quantity", "item_total"}),
        "order rows": frozenset({"Order Number", "Order Status", "Order Date", "Item Name", "Item Cost"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="item rows",
            columns={
                "user_id": ("billing_email", "customer_id"),
                "product_id": ("item_sku", "item_product_id", "item_name"),
                "timestamp": ("date", "order_date"),
                "basket_id": ("order_id",),
                "quantity": ("item_quantity",),
                "amount": ("item_total",),
            },
            options={
                "constants": {"event_type": "purchase"},
                "leave_out": {"status": _NOT_SOLD},
                "guests": "baskets",
            },
        ),
        KnownTable(
            table="events",
            file="order rows",
            columns={
                "user_id": ("Email (Billing)", "Phone (Billing)"),
                "product_id": ("SKU", "Item Name"),
                "timestamp": ("Order Date",),
                "basket_id": ("Order Number",),
                "quantity": ("Quantity (- Refund)", "Quantity"),
                "price": ("Item Cost",),
            },
            options={
                "constants": {"event_type": "purchase"},
                "leave_out": {"Order Status": _NOT_SOLD},
                "guests": "baskets",
            },
        ),
        _PRODUCTS,
        KnownTable(
            table="products",
            file="item rows",
            unless="products",
            columns={"product_id": ("item_sku", "item_product_id", "item_name"), "title": ("item_name",)},
            options={"repeats": "merged"},
        ),
        KnownTable(
            table="products",
            file="order rows",
            unless="products",
            columns={"product_id": ("SKU", "Item Name"), "title": ("Item Name",), "price": ("Item Cost",)},
            options={"repeats": "merged"},
        ),
    ),
)
