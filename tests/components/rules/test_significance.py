"""P-values against SciPy's Fisher test, q-values against SciPy's Benjamini-Hochberg."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from components.rules.association import Rules
from components.rules.significance import PValueHistogram, SumHistograms, fisher_p_values


def rules(count: np.ndarray, antecedent_count: np.ndarray, consequent_count: np.ndarray) -> Rules:
    nothing = np.zeros(len(count), dtype=np.int64)
    return Rules(
        antecedent=nothing[:, np.newaxis],
        consequent=nothing,
        count=count,
        antecedent_count=antecedent_count,
        consequent_count=consequent_count,
        recent_count=nothing,
    )


@pytest.mark.parametrize("baskets", [50, 20_000, 150_000])
def test_p_values_are_those_of_fishers_exact_test(baskets: int) -> None:
    generator = np.random.default_rng(0)
    of_antecedent, of_consequent = generator.integers(1, baskets // 4, (2, 40))
    expected_count = of_antecedent * of_consequent / baskets
    least = np.maximum(0, of_antecedent + of_consequent - baskets)
    most = np.minimum(of_antecedent, of_consequent)
    count = np.clip((expected_count * generator.uniform(0.5, 1.6, 40)).astype(int), np.maximum(1, least), most)
    found = fisher_p_values(rules(count, of_antecedent, of_consequent), baskets)
    tables = np.array(
        [[count, of_antecedent - count], [of_consequent - count, baskets - of_antecedent - of_consequent + count]]
    )
    expected = [stats.fisher_exact(tables[:, :, n], alternative="greater").pvalue for n in range(40)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_certain_rule_is_no_chance_and_an_impossible_excess_is() -> None:
    found = fisher_p_values(rules(np.array([500, 1]), np.array([500, 900]), np.array([500, 900])), 1_000)
    assert found[0] < 1e-290
    assert found[1] == 1.0


@settings(max_examples=100, deadline=None)
@given(
    p_values=st.lists(st.floats(1e-7, 1.0), min_size=1, max_size=300),
    repeats=st.integers(1, 4),
    parts=st.integers(1, 5),
)
def test_q_values_are_never_too_small_and_hardly_too_large(p_values: list[float], repeats: int, parts: int) -> None:
    values = np.repeat(p_values, repeats)
    combine = SumHistograms()
    accumulators = []
    for part in np.array_split(values, parts):
        accumulators.append(combine.add_input(combine.create_accumulator(), PValueHistogram.of(part)))
    found = combine.extract_output(combine.merge_accumulators(accumulators)).q_values(values)
    exact = stats.false_discovery_control(values)
    assert (found >= exact * (1 - 1e-12)).all()
    np.testing.assert_allclose(found, exact, rtol=3e-3)


def test_p_values_below_float64_are_zero_and_have_the_lowest_q_value() -> None:
    values = np.array([0.0, 1e-300, 0.5, 1.0])
    found = PValueHistogram.of(values).q_values(values)
    assert (np.diff(found) >= 0).all()
    assert found[0] < 1e-290
    assert found[-1] == 1.0


def test_no_p_values_have_no_q_values() -> None:
    assert len(PValueHistogram.sum_of([]).q_values(np.zeros(0))) == 0
