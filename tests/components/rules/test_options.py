"""Options of BasketRules: what a support may be."""

from typing import Any

import pytest
from pydantic import ValidationError

from components.rules.options import RulesOptions


@pytest.mark.parametrize("key", ["min_support", "category_min_support"])
@pytest.mark.parametrize("value", [0, 0.0, -0.1, 1.01, 2.5, -3, True, "many", None, float("nan")])
def test_a_support_that_is_neither_fraction_nor_count_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match="fraction of the baskets above 0 and at most 1"):
        RulesOptions.model_validate({key: value})


@pytest.mark.parametrize("value", [1, 25, 0.001, 1.0])
def test_a_support_keeps_its_kind_through_json(value: int | float) -> None:
    options = RulesOptions(min_support=value)
    again = RulesOptions.model_validate_json(options.model_dump_json())
    assert type(again.min_support) is type(value)
    assert again == options


@pytest.mark.parametrize(
    ("min_support", "baskets", "expected"),
    [(3, 10, 3), (0.25, 10, 3), (0.3, 10, 3), (0.1, 30, 3), (1.0, 7, 7), (1e-9, 10, 1), (0.005, 155_663, 779)],
)
def test_the_least_count_is_the_first_whose_quotient_reaches_the_support(
    min_support: float, baskets: int, expected: int
) -> None:
    options = RulesOptions(category_min_support=min_support, min_baskets=1)
    assert options.least_count("category", baskets) == expected


@pytest.mark.parametrize("baskets", range(1, 60))
def test_the_least_count_agrees_with_division(baskets: int) -> None:
    for hundredth in range(1, 101):
        support = hundredth / 100
        counts = [count for count in range(1, baskets + 1) if count / baskets >= support]
        assert RulesOptions(min_support=support, min_baskets=1).least_count("product", baskets) == counts[0]


def test_a_fraction_means_some_baskets_at_the_least_and_a_count_what_it_says() -> None:
    assert RulesOptions(min_support=0.01).least_count("product", 100) == 5
    assert RulesOptions(min_support=0.01).least_count("product", 1_000) == 10
    assert RulesOptions(min_support=1).least_count("product", 100) == 1
