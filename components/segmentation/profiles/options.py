"""Options of user profiles; plain models that the configuration can import without TFX."""

from pydantic import Field

from serving.graph.time_units import DAY_SECONDS
from trainer.options import Options


class ProfileOptions(Options):
    """What profiles of users say.

    Attributes:
        enabled: Whether users have profiles.
        chance_days: Days within which the chance to buy in a category is meant.
        category_levels: Levels of a category that are told apart; of deeper ones the first so many count.
        most_categories: Categories that have a chance, those with the most purchases.
        favourites: Favourite categories and brands of a user, and likely categories.
        window_days: Days up to the end of the events whose purchases make favourites, level of price and rhythm.
        new_products: Products that nobody has bought yet to name to each user; 0 for none.
        most_new_products: Such products that are ranked, those of the categories and brands that sell most lately.
        moments: Moments to learn chances at, `chance_days` apart.
        max_users: Users that chances are learned from; of more, so many are taken by a hash of their ids.
        test_fraction: Share of these users, by sha256, that the chances are judged on and not learned from.
    """

    enabled: bool = False
    chance_days: float = Field(default=28.0, gt=0.0)
    category_levels: int = Field(default=2, ge=1)
    most_categories: int = Field(default=400, ge=1)
    favourites: int = Field(default=5, ge=1)
    window_days: float = Field(default=364.0, gt=0.0)
    new_products: int = Field(default=10, ge=0)
    most_new_products: int = Field(default=1_000, ge=1)
    moments: int = Field(default=3, ge=1)
    max_users: int = Field(default=1_000, ge=10)
    test_fraction: float = Field(default=0.2, gt=0.0, lt=1.0)

    @property
    def chance_seconds(self) -> int:
        """Seconds within which the chance is meant."""
        return round(self.chance_days * DAY_SECONDS)

    @property
    def window_seconds(self) -> int:
        """Seconds of the window."""
        return round(self.window_days * DAY_SECONDS)
