"""Off-policy values against a log whose other choices are known, by hand, and the formulas row by row."""

import math

import numpy as np
import pytest

from trainer.metrics.off_policy import policy_value


def test_values_by_hand():
    # Three of four rows were shown what the rule shows; the weights are 2, 4, 1 and 0.
    outcomes = np.array([1.0, 0.0, 1.0, 1.0])
    propensities = np.array([0.5, 0.25, 1.0, 0.5])
    chosen = np.array([True, True, True, False])
    predicted = np.array([0.5, 0.25, 0.5, 0.5])
    expected = np.array([0.5, 0.25, 0.5, 0.75])
    value = policy_value(outcomes, propensities, chosen, predicted, expected, seed=0, resamples=50)
    assert value.ips.mean == pytest.approx(3 / 4)
    assert value.self_normalised.mean == pytest.approx(3 / 7)
    assert value.doubly_robust.mean == pytest.approx((0.5 + 1.0 + 0.25 - 1.0 + 0.5 + 0.5 + 0.75) / 4)
    assert value.effective_rows == pytest.approx(49 / 21)
    assert value.rows == 4


def test_the_logs_own_rule_is_worth_what_it_brought():
    generator = np.random.default_rng(0)
    outcomes, propensities = generator.random(50), generator.uniform(0.1, 1.0, 50)
    model = generator.random(50)
    value = policy_value(outcomes, propensities, propensities, model, model, seed=0)
    for each in value[:3]:
        assert each.mean == pytest.approx(outcomes.mean())
    assert value.effective_rows == pytest.approx(50)


@pytest.mark.parametrize("model_is_right", [True, False])
def test_estimates_find_what_a_rule_is_worth(model_is_right):
    held = np.zeros(3)
    errors = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        kind = generator.random(3000) < 0.5
        # Showing an offer helps one kind and harms the other; it was shown more to one kind than to the other.
        chance = np.where(kind, 0.7, 0.2)
        shown = generator.random(3000) < chance
        true = np.where(shown, np.where(kind, 0.4, 0.1), 0.2)
        outcomes = (generator.random(3000) < true).astype(float)
        best = np.where(kind, 0.4, 0.2)
        value = policy_value(
            outcomes,
            np.where(shown, chance, 1.0 - chance),
            shown == kind,
            true if model_is_right else np.full(3000, 0.1),
            best if model_is_right else np.full(3000, 0.1),
            seed=seed,
            resamples=200,
        )
        held += [interval.low <= 0.3 <= interval.high for interval in value[:3]]
        errors.append([interval.mean - 0.3 for interval in value[:3]])
    assert (held >= 34).all()
    spread = np.std(errors, axis=0)
    assert spread[2] < spread[0] if model_is_right else True
    np.testing.assert_allclose(np.mean(errors, axis=0), 0.0, atol=0.006)


def test_a_rule_that_no_row_followed_has_no_value_by_its_weights():
    nothing = np.zeros(4)
    value = policy_value(np.ones(4), np.full(4, 0.5), nothing, nothing, nothing + 0.3, seed=0, resamples=20)
    assert value.ips.mean == 0.0
    assert math.isnan(value.self_normalised.mean)
    assert value.doubly_robust.mean == pytest.approx(0.3)
    assert value.effective_rows == 0.0


def test_rows_of_one_customer_are_drawn_together():
    generator = np.random.default_rng(2)
    rows = [generator.random(100), np.full(100, 0.5), generator.random(100) < 0.5, *generator.random((2, 100))]
    alone = policy_value(*rows, seed=1, resamples=200)
    many = policy_value(*(np.tile(each, 5) for each in rows), seed=1, resamples=200, groups=np.tile(np.arange(100), 5))
    for one, other in zip(alone[:3], many[:3], strict=True):
        assert other == pytest.approx(one)


def test_wrong_arguments_are_refused():
    one = np.ones(1)
    with pytest.raises(ValueError, match="as many"):
        policy_value(np.ones(2), one, one, one, one, seed=0)
    with pytest.raises(ValueError, match="above 0"):
        policy_value(one, np.zeros(1), one, one, one, seed=0)
