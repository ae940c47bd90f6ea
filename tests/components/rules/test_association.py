"""Rules of itemsets: measures by hand, antecedents found again, the strongest chosen."""

import numpy as np
import pytest

from components.rules.association import Rules, rule_measures, strongest, with_antecedent_counts


def rules(antecedent: list[list[int]], consequent: list[int], count: list[int], of_antecedent: list[int]) -> Rules:
    return Rules(
        antecedent=np.array(antecedent, dtype=np.int32),
        consequent=np.array(consequent, dtype=np.int32),
        count=np.array(count),
        antecedent_count=np.array(of_antecedent),
        consequent_count=np.full(len(count), 40),
        recent_count=np.zeros(len(count), dtype=np.int64),
    )


def test_measures_are_those_of_their_definitions() -> None:
    found = rule_measures(rules([[0], [0]], [1, 1], [15, 20], [20, 20]), baskets=100)
    expected = {
        "support": [0.15, 0.2],
        "antecedent_support": [0.2, 0.2],
        "consequent_support": [0.4, 0.4],
        "confidence": [0.75, 1.0],
        "lift": [0.75 / 0.4, 1.0 / 0.4],
        "leverage": [0.15 - 0.08, 0.2 - 0.08],
        "conviction": [0.6 / 0.25, np.inf],
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values), name


def test_antecedents_meet_their_counts() -> None:
    generator = np.random.default_rng(0)
    items = np.unique(np.sort(generator.integers(0, 70_000, (500, 3)).astype(np.int32), axis=1), axis=0)
    items[::7, 2] = -1
    count = generator.integers(1, 1_000, len(items))
    place = generator.integers(0, len(items), 900)
    asked = rules(items[place].tolist(), [0] * 900, [1] * 900, [0] * 900)
    shuffled = generator.permutation(len(items))
    found = with_antecedent_counts(asked, items[shuffled], count[shuffled])
    assert found.antecedent_count.tolist() == count[place].tolist()


def test_the_strongest_of_each_rarest_member_stay() -> None:
    asked = rules([[1, 5], [5, -1], [5, -1], [2, 5], [3, -1]], [0, 1, 2, 0, 0], [9, 4, 9, 9, 1], [9] * 5)
    # Members 5: two rules of strength 2, of which the one in more baskets comes first; then strength 1.
    places = strongest(asked, np.array([1.0, 2.0, 2.0, 0.5, 0.1]), 3)
    # A rule of two members is no rival of those of one.
    assert places.tolist() == [4, 2, 1, 0, 3]
    assert strongest(asked, np.array([1.0, 2.0, 2.0, 0.5, 0.1]), 1).tolist() == [4, 2, 0]
