"""The best rule from a history to each product, against a walk over all rules in plain Python."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.recommendation.rule_scores import RuleScores
from serving.recommendation.together import ServedRules

PRODUCTS = 5
PRODUCT = st.integers(0, PRODUCTS - 1)
RULE = st.tuples(PRODUCT, st.integers(-1, PRODUCTS - 1), PRODUCT, st.floats(0.1, 1.0), st.floats(0.5, 9.0))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(RULE, max_size=8), st.lists(st.lists(st.integers(-1, PRODUCTS - 1), min_size=3, max_size=3), min_size=1)
)
def test_the_best_rule_of_one_member_counts(
    rules: list[tuple[int, int, int, float, float]], histories: list[list[int]]
) -> None:
    served = ServedRules(
        antecedent=np.array([rule[:2] for rule in rules], int).reshape(-1, 2),
        consequent=[rule[2] for rule in rules],
        confidence=[rule[3] for rule in rules],
        lift=[rule[4] for rule in rules],
        strength=[rule[4] for rule in rules],
    )
    best = RuleScores(served, PRODUCTS).best(tf.constant(histories, tf.int32))
    for row, history in enumerate(histories):
        for product in range(PRODUCTS):
            followed = [rule for rule in rules if rule[0] in history and rule[1] < 0 and rule[2] == product]
            np.testing.assert_allclose(
                best.confidence[row, product], max((r[3] for r in followed), default=0), rtol=1e-6
            )
            np.testing.assert_allclose(best.lift[row, product], max((r[4] for r in followed), default=0), rtol=1e-6)
