"""Amazon reviews, as JSON Lines of 2018 and of 2023, with their files of products."""

from tfx_pipeline.init.layouts.layout import KnownTable, Layout

_REMARK = "A review counts as a purchase."

AMAZON_REVIEWS_2018 = Layout(
    name="Amazon reviews (2018)",
    files={
        "reviews": frozenset({"reviewerID", "asin", "overall", "unixReviewTime"}),
        "products": frozenset({"asin", "title", "brand", "also_buy"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="reviews",
            columns={"user_id": ("reviewerID",), "product_id": ("asin",), "timestamp": ("unixReviewTime",)},
            options={"constants": {"event_type": "purchase"}},
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("asin",),
                "title": ("title",),
                "brand": ("brand",),
                "category": ("main_cat",),
                "price": ("price",),
            },
        ),
    ),
    remarks=(_REMARK,),
)

AMAZON_REVIEWS_2023 = Layout(
    name="Amazon reviews (2023)",
    files={
        "reviews": frozenset({"rating", "title", "text", "parent_asin", "user_id", "timestamp"}),
        "products": frozenset({"main_category", "title", "average_rating", "rating_number", "parent_asin"}),
    },
    tables=(
        KnownTable(
            table="events",
            file="reviews",
            columns={"user_id": ("user_id",), "product_id": ("parent_asin",), "timestamp": ("timestamp",)},
            options={"constants": {"event_type": "purchase"}},
        ),
        KnownTable(
            table="products",
            file="products",
            columns={
                "product_id": ("parent_asin",),
                "title": ("title",),
                "brand": ("store",),
                "category": ("main_category",),
                "price": ("price",),
                "rating": ("average_rating",),
            },
        ),
    ),
    remarks=(_REMARK,),
)
