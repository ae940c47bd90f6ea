"""How segments are discovered; plain models that the configuration can import without TFX."""

from pydantic import Field, model_validator

from serving.graph.time_units import DAY_SECONDS
from trainer.options import Options


class DiscoveryOptions(Options):
    """How users are grouped by what they do.

    Attributes:
        window_days: Days up to the end of the events whose events say what a user is like.
        fewest: Segments at the least.
        most: Segments at the most.
        dimensions: Axes that the kinds of products are brought down to before users are compared.
        min_kind_users: Users that a kind of products needs to count.
        max_users: Users that segments are found among; of more, so many are taken by a hash of their ids.
        resamples: Halves of the users that each number of segments is tried on.
        new_user_events: Latest events of the histories by which the model also learns the segment of each user, so
            that it knows users who have only just come; 0 for none.
        min_overlap: What a segment must share with one of the last run to keep its name: users of both in those of
            either.
    """

    window_days: float = Field(default=364.0, gt=0.0)
    fewest: int = Field(default=3, ge=2)
    most: int = Field(default=8, ge=2)
    dimensions: int = Field(default=10, ge=2)
    min_kind_users: int = Field(default=20, ge=1)
    max_users: int = Field(default=10_000, ge=10)
    resamples: int = Field(default=10, ge=2)
    new_user_events: int = Field(default=3, ge=0)
    min_overlap: float = Field(default=0.3, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _is_a_range(self) -> "DiscoveryOptions":
        if self.fewest > self.most:
            raise ValueError(f"`fewest` should be `most` at the most, got {self.fewest} and {self.most}")
        return self

    @property
    def window_seconds(self) -> int:
        """Seconds of the window."""
        return round(self.window_days * DAY_SECONDS)
