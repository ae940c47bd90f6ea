"""Which events are no person's, or not honest; plain models that the configuration can import without TFX."""

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict, Field, model_validator


class BotOptions(BaseModel):
    """Whose events are left out, since no person acts like that, and which events count only after another.

    Attributes:
        most_moments_an_hour: Distinct moments of events that a person has within any hour at the most. What happens at
            one moment, such as a basket, counts once.
        most_repeats_a_day: Distinct moments at which a person has to do with one product on a day (of UTC) at the most.
        only_after: Event types that count only where the same user had an event of another type with the product
            before, or at that moment; `{review: purchase}` leaves out reviews of what their writer never bought. A
            guest is nobody who could have had one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_moments_an_hour: int = Field(default=180, ge=1)
    most_repeats_a_day: int = Field(default=30, ge=1)
    only_after: dict[str, str] = {}

    @model_validator(mode="after")
    def _comes_after_another_type(self) -> "BotOptions":
        for event_type, needed in self.only_after.items():
            if event_type == needed:
                raise ValueError(f"`only_after` has `{event_type}` count only after itself; name another event type")
        return self

    def check_event_types(self, known: Collection[str]) -> None:
        """Checks that the types of `only_after` are among those that there are.

        Raises:
            ValueError: One is not.
        """
        for name in (*self.only_after, *self.only_after.values()):
            if name not in known:
                raise ValueError(
                    f"`bots.only_after` names `{name}`, which is none of the event types: {', '.join(known)}. "
                    "Add it to `event_types` of the tasks, or take it out"
                )
