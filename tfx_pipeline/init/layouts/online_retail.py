"""Online Retail (UCI): one file of invoice lines, in two forms that differ in names."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

# Postage, fees, samples and corrections are booked like products.
_NO_PRODUCTS = (
    "POST", "DOT", "D", "M", "m", "S", "B", "C2", "PADS", "CRUK", "AMAZONFEE", "BANK CHARGES", "ADJUST", "ADJUST2",
    "TEST001", "TEST002",
)  # fmt: skip

ONLINE_RETAIL = Layout(
    name="Online Retail (UCI)",
    files={"lines": frozenset({"StockCode", "Description", "Quantity", "InvoiceDate", "Country"})},
    tables=(
        KnownTable(
            table="events",
            file="lines",
            columns={
                "user_id": ("CustomerID", "Customer ID"),
                "product_id": ("StockCode",),
                "timestamp": ("InvoiceDate",),
                "basket_id": ("InvoiceNo", "Invoice"),
                "quantity": ("Quantity",),
                "price": ("UnitPrice", "Price"),
            },
            options={
                "constants": {"event_type": "purchase"},
                "leave_out": {"StockCode": _NO_PRODUCTS},
                "guests": "baskets",
            },
        ),
        KnownTable(
            table="products",
            file="lines",
            columns={"product_id": ("StockCode",), "title": ("Description",), "price": ("UnitPrice", "Price")},
            options={"leave_out": {"StockCode": _NO_PRODUCTS}, "repeats": "merged"},
        ),
    ),
    time_zone="Europe/London",
)
