"""What type an event counts as."""

from tfx_pipeline.gateway.api.events import Event
from tfx_pipeline.gateway.parts import Shop
from tfx_pipeline.gateway.routes.events import type_of

SHOP = Shop(event_types=("view", "rate", "dislike"), low_rated_type="dislike")


def rated(value: float | None) -> Event:
    return Event(user_id="u", product_id="p", event_type="rate", value=value)


def test_a_low_rating_counts_as_the_type_that_a_run_reads_it_as() -> None:
    assert [type_of(rated(value), SHOP) for value in (None, 1.0, 2.5, 3.0, 5.0)] == [
        "rate",
        "dislike",
        "dislike",
        "rate",
        "rate",
    ]


def test_where_ratings_are_not_read_the_type_is_the_events_own() -> None:
    assert type_of(rated(1.0), Shop(event_types=("rate",))) == "rate"
