"""Each way of having nothing to learn from has a message of its own."""

from collections import Counter

import pytest

from components.errors import InputError
from components.events.counts import EventCounts
from components.events.moments import SplitMoments
from components.recommendation.examples.checks import check_events, check_examples
from components.recommendation.examples.options import SplitOptions, TaskExamplesOptions

MOMENTS = SplitMoments(90 * 86_400, 100 * 86_400)
GOOD = EventCounts(
    events=8, events_before_validation=4, events_after_test_start=2, catalogue_products=3, train=2, eval=1, test=1
)


def _but(**changes) -> EventCounts:
    return EventCounts(**{**GOOD.__dict__, **changes})


def test_enough_is_enough():
    check_events(GOOD, TaskExamplesOptions())
    check_examples(GOOD, MOMENTS, TaskExamplesOptions())
    check_examples(GOOD, SplitMoments(None, None), TaskExamplesOptions(split=SplitOptions(method="leave_last_out")))


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
        check_examples(counts, MOMENTS, TaskExamplesOptions())


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_empty_splits_of_positions(split):
    options = TaskExamplesOptions(split=SplitOptions(method="leave_last_out"))
    with pytest.raises(InputError, match="three groups of events"):
        check_examples(_but(**{split: 0}), SplitMoments(None, None), options)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (_but(events_without_time=2), "2 of 8 rows lack the timestamp or position"),
        (_but(strange_types=Counter(buy=3, look=4)), r"without a weight: `look` \(4\), `buy` \(3\). Name each under"),
        (_but(unknown_product_events=2), r"2 of 8 rows \(25.0%\) name a product_id that table `products` lacks; 20.0%"),
    ],
)
def test_events_that_cannot_be_used(counts, message):
    with pytest.raises(InputError, match=message):
        check_events(counts, TaskExamplesOptions())


def test_counts_add_up():
    total = _but(strange_types=Counter(a=1)) + _but(strange_types=Counter(a=2, b=1))
    assert (total.events, total.train, total.strange_types) == (16, 4, Counter(a=3, b=1))
