"""Thompson sampling, against what integrals say, and against its own propensities."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import beta

from tfx_pipeline.gateway.api.users import Offer
from tfx_pipeline.gateway.exploring import best_chances, explore


def offers(*probabilities: float) -> list[Offer]:
    return [Offer(offer_id=f"o{n}", text="", probability=each) for n, each in enumerate(probabilities)]


def test_the_chance_to_be_the_best_is_the_integral_of_it() -> None:
    candidates, shown = offers(0.3, 0.25, 0.02), {"o0": 180, "o2": 4}
    random = np.random.default_rng(0)
    found = np.mean([best_chances(candidates, shown, random) for _ in range(100)], axis=0)
    grid = np.linspace(1e-6, 1 - 1e-6, 20_001)
    made = [(each.probability, 20.0 + shown.get(each.offer_id, 0)) for each in candidates]
    sides = [beta(mean * sure, (1 - mean) * sure) for mean, sure in made]
    expected = [
        np.trapezoid(one.pdf(grid) * np.prod([other.cdf(grid) for other in sides if other is not one], axis=0), grid)
        for one in sides
    ]
    assert found == pytest.approx(expected, abs=0.01)


def test_propensities_are_how_often_each_offer_takes_the_last_place() -> None:
    ranked, random = offers(0.4, 0.3, 0.28, 0.2, 0.01), np.random.default_rng(1)
    counted: Counter[str] = Counter()
    weighed: Counter[str] = Counter()
    explored, answers = 0, 4000
    for _ in range(answers):
        made = explore(ranked, 2, 0.4, {}, random)
        assert [each.offer_id for each in made.offers[:1]] == ["o0"]
        assert made.propensities[0] is None
        last, propensity = made.offers[1].offer_id, made.propensities[1]
        assert propensity is not None
        counted[last] += 1
        # Weighed by one over its propensity, each offer stands for all answers.
        weighed[last] += 1 / propensity
        explored += made.place == 2
    assert explored / answers == pytest.approx(0.4, abs=0.03)
    assert counted["o1"] > 0.6 * answers
    for name in ("o1", "o2", "o3"):
        assert weighed[name] / answers == pytest.approx(1.0, abs=0.15)


def test_an_answer_shorter_than_asked_for_is_the_models() -> None:
    made = explore(offers(0.4, 0.3), 3, 1.0, {}, np.random.default_rng(0))
    assert [each.offer_id for each in made.offers] == ["o0", "o1"]
    assert (made.place, made.propensities) == (0, [None, None])
