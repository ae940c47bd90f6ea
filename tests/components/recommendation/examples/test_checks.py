"""Each way of having nothing to learn from has a message of its own."""

import pytest

from components.errors import InputError
from components.events.counts import EventCounts
from components.events.moments import SplitMoments
from components.events.options import SplitOptions
from components.recommendation.examples.checks import check_examples
from components.recommendation.examples.counts import Counted, ExampleCounts
from components.recommendation.examples.options import RecommendationExamplesOptions

MOMENTS = SplitMoments(90 * 86_400, 100 * 86_400)
NO_MOMENTS = SplitMoments(None, None)
GOOD = ExampleCounts(
    events_before_validation=4, events_after_test_start=2, catalogue_products=3, train=2, eval=1, test=1
)


def _but(**changes) -> ExampleCounts:
    return ExampleCounts(**{**GOOD.__dict__, **changes})


def _counted(counts: ExampleCounts, moments: SplitMoments) -> Counted:
    return Counted(EventCounts(events=8), counts, moments)


def test_enough_is_enough():
    check_examples(_counted(GOOD, MOMENTS), RecommendationExamplesOptions())
    check_examples(
        _counted(GOOD, NO_MOMENTS), RecommendationExamplesOptions(split=SplitOptions(method="leave_last_out"))
    )


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (_but(train=0), r"nothing to train on: .* before 1970-04-01T00:00:00Z \(4 of 8 events .*Lower `split.validat"),
        (_but(test=0), r"nothing to test on: .* from 1970-04-11T00:00:00Z on.*\(2 of 8 events .*earlier"),
        (_but(eval=0), r"between 1970-04-01T00:00:00Z and 1970-04-11T00:00:00Z. Raise `split.validation_days`"),
        (_but(catalogue_products=0), r"No product has 1 events before 1970-04-11T00:00:00Z; 8 events were read"),
    ],
)
def test_empty_splits(counts, message):
    with pytest.raises(InputError, match=message):
        check_examples(_counted(counts, MOMENTS), RecommendationExamplesOptions())


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_empty_splits_of_positions(split):
    options = RecommendationExamplesOptions(split=SplitOptions(method="leave_last_out"))
    with pytest.raises(InputError, match="three groups of events"):
        check_examples(_counted(_but(**{split: 0}), NO_MOMENTS), options)


def test_counts_add_up():
    total = _but(users=3) + _but(users=4, train=5)
    assert (total.users, total.train, total.catalogue_products, total.ranker) == (7, 7, 6, 0)


def test_an_update_without_anything_new_says_what_to_do():
    with pytest.raises(
        InputError, match=r"nothing new to train on: .* 1970-03-01T.* and 1970-04-01T.*`split.test_days`"
    ):
        check_examples(_counted(_but(train=0), MOMENTS), RecommendationExamplesOptions(), 59 * 86_400)
