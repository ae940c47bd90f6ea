"""Options are checked where they are built."""

import pytest
from pydantic import ValidationError

from components.events.options import SplitOptions
from components.recommendation.examples.options import RecommendationExamplesOptions


def test_round_trip():
    options = RecommendationExamplesOptions(
        split=SplitOptions(test_start=1512363600), event_types={"b": 1.0, "purchase": 0.5}
    )
    again = RecommendationExamplesOptions.model_validate_json(options.model_dump_json())
    assert again == options
    assert list(again.event_types) == ["b", "purchase"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"event_types": {"view": 1.0}}, "must be one of `event_types`: view"),
        ({"event_types": {"purchase": 0.0}}, "nothing to predict"),
        ({"event_types": {"purchase": float("nan")}}, "finite number"),
        ({"split": {"method": "leave_last_out", "test_start": 5}}, "`test_start` goes with `method: time`"),
        ({"split": {"validation_days": 0}}, "greater than 0"),
        ({"windows": 3}, "Extra inputs"),
    ],
)
def test_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        RecommendationExamplesOptions(**values)


def test_a_negative_weight_rejects() -> None:
    options = RecommendationExamplesOptions(event_types={"view": 0.5, "purchase": 1.0, "return": -1.0, "hide": -2.0})
    assert options.rejecting_types() == ("return", "hide")
    assert options.event_options(None).low_rated_type == "return"
    chosen = RecommendationExamplesOptions(event_types=options.event_types, low_rated_event_type="hide")
    assert chosen.event_options(None).low_rated_type == "hide"
    assert RecommendationExamplesOptions().event_options(None).low_rated_type is None
    with pytest.raises(ValueError, match="`low_rated_event_type` is `view`"):
        RecommendationExamplesOptions(event_types=options.event_types, low_rated_event_type="view")
    with pytest.raises(ValueError, match="should not be under 0"):
        RecommendationExamplesOptions(event_types={"view": 1.0, "purchase": -1.0})
