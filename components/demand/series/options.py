"""Options of weekly series; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field, model_validator

from trainer.options import Options, TextField

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class DemandDataOptions(Options):
    """What weekly series are made of.

    Attributes:
        bought_event_type: The event type that is a purchase; `quantity` says of how many pieces, one where it is empty.
        most_pieces: Purchases of more pieces in one row are left out, and counted: those of a till that writes litres
            or grams as pieces, whose sums would hide all other products.
        horizon: Weeks that are answered.
        history_weeks: Weeks before them that the model reads.
        test_weeks: Weeks at the end that the model is judged on, a multiple of `horizon`.
        week_start: The day that a week begins with, in the shop's time zone.
        by_store: Whether a product is a series in each store, by the `store_id` of events.
        max_products: Best sellers before the test that become series; all products where it is empty. Categories are
            sums over all products in any case.
        category_levels: Levels of `category` whose sums are forecast too, from the top.
    """

    bought_event_type: str = "purchase"
    most_pieces: float | None = Field(default=None, gt=0.0)
    horizon: int = Field(default=4, ge=1, le=26)
    history_weeks: int = Field(default=52, ge=2, le=156)
    test_weeks: int = Field(default=8, ge=1)
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    by_store: bool = False
    max_products: int | None = Field(default=None, ge=1)
    category_levels: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _tests_are_whole(self) -> "DemandDataOptions":
        if self.test_weeks % self.horizon:
            raise ValueError(
                f"expected `test_weeks` to be a multiple of `horizon`, {self.horizon}, got {self.test_weeks}; set "
                f"`test_weeks: {self.horizon * max(1, self.test_weeks // self.horizon)}`"
            )
        return self


class DemandSeriesOptions(DemandDataOptions):
    """All that making the series needs.

    Attributes:
        time_zone: The shop's.
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
        text_fields: Columns that make up a product's text; none where texts are off.
    """

    time_zone: str = "UTC"
    max_unknown_product_fraction: float = Field(ge=0.0, le=1.0)
    text_fields: tuple[TextField, ...] = ()
