"""Options of the shared steps are checked where they are built."""

import pytest
from pydantic import ValidationError

from components.events.options import EventOptions, SplitOptions, check_bought_event_type
from components.segmentation.examples.options import SegmentOptions

VALUES = {"event_types": ("view", "purchase"), "max_unknown_product_fraction": 0.2, "user_id_key": "a secret"}


def test_a_key_has_to_be_given_and_may_be_none() -> None:
    assert EventOptions(**{**VALUES, "user_id_key": None}).user_id_key is None
    for values in ({name: VALUES[name] for name in VALUES if name != "user_id_key"}, {**VALUES, "user_id_key": ""}):
        with pytest.raises(ValidationError, match="user_id_key"):
            EventOptions(**values)


@pytest.mark.parametrize(
    "start", ["2017-12-04T05:00:00Z", "2017-12-04T05:00:00", "2017-12-04T06:00:00+01:00", 1512363600]
)
def test_test_start_in_seconds(start: str | int) -> None:
    assert SplitOptions(test_start=start).test_start_seconds() == 1_512_363_600
    assert SplitOptions().test_start_seconds() is None


def test_a_test_start_without_a_zone_is_of_the_shops() -> None:
    """In New York, in winter time and in summer time; a zone that is named counts, and survives JSON."""
    for start, expected in (
        ("2017-12-04", 1_512_363_600),
        ("2017-07-04T00:00", 1_499_140_800),
        ("2017-12-04T05:00Z", 1_512_363_600),
        (1_512_363_600, 1_512_363_600),
    ):
        options = SplitOptions(test_start=start).in_zone("America/New_York")
        assert options.test_start_seconds() == expected
        assert SplitOptions.model_validate_json(options.model_dump_json()).test_start_seconds() == expected
    assert SplitOptions().in_zone("America/New_York") == SplitOptions()
    segments = SegmentOptions(test_start="2017-12-04").in_zone("America/New_York")
    assert segments.test_start_seconds() == 1_512_363_600


def test_what_is_bought_is_an_event_type() -> None:
    check_bought_event_type("purchase", {"view": 1.0, "purchase": 0.5})
    with pytest.raises(ValueError, match="`bought_event_type` is `rent`; it must be one of `event_types`: view, buy"):
        check_bought_event_type("rent", ("view", "buy"))
