"""What signs say, against counting by hand, and when it is believed."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from components.enriching.rules import BINS, Rule, confidences, least_bin, lower_share, rule_of
from components.enriching.signs import Sign, signs_of

VALUES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12)


@given(VALUES, st.randoms(use_true_random=False))
def test_a_rule_is_the_most_frequent_value_in_any_order(values: list[str], order: random.Random) -> None:
    counts = list(Counter(values).items())
    order.shuffle(counts)
    rule = rule_of(counts)
    ranked = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    assert (rule.value, rule.having, rule.total) == (*ranked[0], len(values))
    assert (rule.second, rule.second_having) == (ranked[1] if len(ranked) > 1 else ("", 0))


@given(VALUES)
def test_without_a_product_it_is_the_rule_of_the_others(values: list[str]) -> None:
    for left_out in set(values):
        others = list(values)
        others.remove(left_out)
        rule = rule_of(Counter(values).items()).without(left_out)
        counts = Counter(others)
        assert rule.total == len(others)
        assert rule.having == max(counts.values(), default=0)
        assert counts[rule.value] == rule.having


def test_the_lower_end_is_that_of_wilson() -> None:
    for right, total in ((3, 3), (9, 10), (400, 410)):
        expected = stats.binomtest(right, total).proportion_ci(0.9, method="wilson").low
        assert lower_share(right, total) == pytest.approx(expected)
    assert Rule("a", 1, "", 0, 1).score == 0.0


def test_higher_scores_are_believed_more_and_only_what_is_right_often_enough_is_dared() -> None:
    histogram = {10: (30, 100), 20: (20, 100), 30: (90, 100), 40: (199, 200), 45: (400, 400)}
    believed = confidences(histogram)
    assert len(believed) == BINS
    assert believed == sorted(believed)
    # Neighbours in the wrong order are put together.
    assert believed[10] == believed[20] == pytest.approx(0.25)
    assert believed[30] == pytest.approx(0.9)
    assert least_bin(histogram, 0.95) == 30
    assert least_bin(histogram, 0.99) == 40
    assert least_bin({40: (90, 100)}, 0.95) == BINS
    assert confidences({}) == [0.0] * BINS


def test_signs_are_phrases_of_the_texts_and_other_fields() -> None:
    row = {
        "title": "Aster Tea Pot, 2 l",
        "brand": "Aster",
        "category": "Kitchen > Pots",
        "description": "A pot of iron.",
    }
    signs = signs_of(row, "brand", ["brand", "category"])
    assert {sign.words for sign in signs if sign.kind == "title begins with"} == {"aster", "aster tea", "aster tea pot"}
    assert Sign("title has", "tea pot") in signs
    assert Sign("title has", "pot 2") not in signs
    assert Sign("description has", "pot of iron") in signs
    assert Sign("category is", "Kitchen > Pots") in signs
    assert not any(sign.words == "Aster" for sign in signs)
    assert Sign("title has", "tea pot").evidence == 'title has "tea pot"'
