"""Moments and tiers, beside NumPy and by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.segmentation.examples.moments import choose_segment_moments, rounded_spends, tier_cuts, tiers_of
from components.segmentation.examples.options import SegmentOptions

DAY = 86_400


def test_training_moments_lie_a_period_before_the_test() -> None:
    hours = Counter({1_000_000 // 3600 + hour: 1 for hour in (0, 24 * 100 - 1)})
    first = 1_000_000 // 3600 * 3600
    options = SegmentOptions(period_days=10, step_days=5, windows=20, gap_days=2)
    moments = choose_segment_moments(hours, options, given=False)
    assert moments.end == first + 100 * DAY
    assert moments.test == first + 90 * DAY
    assert moments.train == tuple(first + day * DAY for day in range(78, 9, -5))
    assert len(choose_segment_moments(hours, options.model_copy(update={"windows": 3}), given=False).train) == 3
    assert choose_segment_moments(hours, options, given=True).train == (moments.end,)
    early = SegmentOptions(period_days=60)
    assert choose_segment_moments(hours, early, given=False).train == ()
    assert choose_segment_moments(Counter(), early, given=False).train == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=200), st.integers(1, 5))
def test_cuts_are_quantiles_of_spends_above_zero(cents: list[int], tiers: int) -> None:
    spends = np.array(cents) / 100
    above = spends[spends > 0]
    cuts = tier_cuts(rounded_spends(spends), tiers)
    if not len(above):
        assert cuts == []
        return
    np.testing.assert_allclose(cuts, np.quantile(above, np.arange(1, tiers) / tiers), rtol=1e-9)
    found = tiers_of(spends, cuts)
    expected = [0 if spend <= 0 else 1 + sum(spend > cut for cut in cuts) for spend in spends]
    assert found.tolist() == expected


def test_many_spends_take_little_room() -> None:
    counted = rounded_spends(np.random.default_rng(0).lognormal(3, 3, 200_000))
    assert counted.total() == 200_000
    assert len(counted) < 150_000
    assert counted[0.0] == 0
    assert rounded_spends(np.array([123456.7, 0.00123456789])) == Counter({123460.0: 1, 0.0012346: 1})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tiers": ("low", "low")}, "differ"),
        ({"tiers": ("lapsed", "high")}, "differ"),
        ({"cuts": (1.0,)}, "2 spends between 3 tiers"),
        ({"cuts": (5.0, 1.0)}, "ascend"),
        ({"eval_fraction": 0.5, "test_fraction": 0.5}, "leave nothing"),
    ],
)
def test_options_that_do_not_fit_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SegmentOptions(**values)
