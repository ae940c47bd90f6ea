"""Which users are taken for bots; plain models that the configuration can import without TFX."""

from pydantic import BaseModel, ConfigDict, Field


class BotOptions(BaseModel):
    """Whose events are left out, since no person acts like that.

    Attributes:
        most_moments_an_hour: Distinct moments of events that a person has within any hour at the most. What happens at
            one moment, such as a basket, counts once.
        most_repeats_a_day: Distinct moments at which a person has to do with one product on a day (of UTC) at the most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_moments_an_hour: int = Field(default=180, ge=1)
    most_repeats_a_day: int = Field(default=30, ge=1)
