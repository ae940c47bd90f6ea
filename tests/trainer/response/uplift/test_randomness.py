"""A treatment that features foretell is told from one that was drawn."""

import math

import numpy as np
import pytest

from tests.trainer.response.uplift.campaigns import campaign
from trainer.response.uplift.randomness import predictability


@pytest.mark.parametrize("chances", [None, (0.1, 0.9)])
def test_a_drawn_treatment_is_not_foretold(chances):
    for seed in range(4):
        table, treatments, _ = campaign(4_000, seed, chances=chances)
        found = predictability(table, treatments.treated, seed=0)
        assert found.low < 0.5 < found.high


def test_a_chosen_treatment_is_foretold():
    table, treatments, _ = campaign(2_000, 0, by_spend=True)
    found = predictability(table, treatments.treated, seed=0)
    assert found.low > 0.6
    assert found.low < found.mean < found.high


def test_too_few_rows_say_nothing():
    table, _, _ = campaign(10, 0)
    assert math.isnan(predictability(table, np.ones(10, bool), seed=0).mean)
