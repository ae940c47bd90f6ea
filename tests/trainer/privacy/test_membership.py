"""The attack by likelihood ratios: by hand, where nothing can be told, and where members are planted."""

import numpy as np
import pytest
from scipy.stats import norm

from trainer.privacy.membership import confidences, likelihood_ratios, true_positives_at


def test_confidences_are_log_odds_of_the_true_label() -> None:
    found = confidences(np.array([[0.8, 0.2], [0.0, 1.0]]), np.array([0, 0]))
    assert found[0] == pytest.approx(np.log(4.0))
    assert np.isfinite(found).all()


def test_ratios_by_hand() -> None:
    shadows = np.array([[1.0, 0.0], [3.0, 0.0], [-1.0, 1.0], [-3.0, 1.0]])
    members = np.array([[True, True], [True, False], [False, True], [False, False]])
    inside = np.array([2.0, 0.5]), np.std([-1.0, 1.0, -0.5, 0.5])
    outside = np.array([-2.0, 0.5]), np.std([1.0, -1.0, -0.5, 0.5])
    target = np.array([1.5, 0.2])
    expected = norm.logpdf(target, *inside) - norm.logpdf(target, *outside)
    np.testing.assert_allclose(likelihood_ratios(shadows, members, target), expected)


@pytest.mark.parametrize(("told", "low", "high"), [(0.0, 0.0, 0.03), (3.0, 0.5, 1.0)])
def test_members_are_found_as_far_as_models_tell_of_them(told: float, low: float, high: float) -> None:
    random = np.random.default_rng(0)
    texts, models = 2000, 16
    members = np.argsort(random.random((models, texts)), axis=0) < models // 2
    said = random.normal(size=texts) * 3.0 + told * members + random.normal(size=(models, texts))
    scores = likelihood_ratios(said[1:], members[1:], said[0])
    assert low <= true_positives_at(scores, members[0]) <= high
