"""Options of what follows from demand; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field, model_validator

from trainer.options import Options


class StockOptions(Options):
    """How much is ordered, and what is said of the stock.

    Where the table `stock` lacks a number of a product, the one here is taken.

    Attributes:
        policy: What an order is to bring the stock up to: `service_level`, the demand of lead time and review period
            that is not exceeded in so many cases, or `newsvendor`, the quantile at which one piece more costs as much
            to keep as it is likely to earn.
        service_level: Share of the cases in which the stock lasts.
        lead_time_days: Days until an order arrives.
        review_days: Days between two orders.
        pack_size: Pieces that are ordered together.
        cost_share: What a piece costs, as a share of its price.
        holding_rate: What keeping stock costs in a year, as a share of its cost.
        long_weeks: Weeks of demand beyond which stock lies too long.
        abc: Shares of the revenue up to which a product is of class A, and of class B.
        xyz: Variation (standard deviation over mean of the weeks) up to which a product is of class X, and of class Y.
        min_price_variation: Standard deviation of the logarithm of a product's weekly prices below which nothing is
            said of other prices.
    """

    policy: Literal["service_level", "newsvendor"] = "service_level"
    service_level: float = Field(default=0.95, gt=0.0, lt=1.0)
    lead_time_days: float = Field(default=7.0, ge=0.0)
    review_days: float = Field(default=7.0, gt=0.0)
    pack_size: float = Field(default=1.0, gt=0.0)
    cost_share: float = Field(default=0.7, gt=0.0, lt=1.0)
    holding_rate: float = Field(default=0.25, ge=0.0)
    long_weeks: float = Field(default=13.0, gt=0.0)
    abc: tuple[float, float] = (0.8, 0.95)
    xyz: tuple[float, float] = (0.5, 1.0)
    min_price_variation: float = Field(default=0.03, gt=0.0)

    @model_validator(mode="after")
    def _cuts_rise(self) -> "StockOptions":
        for name in ("abc", "xyz"):
            low, high = getattr(self, name)
            if not 0.0 < low < high:
                raise ValueError(f"expected `{name}` to be two numbers above 0, the lesser first, got {low}, {high}")
        return self
