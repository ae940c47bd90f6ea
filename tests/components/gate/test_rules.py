"""Thresholds that a submission gives in place of the configuration's."""

import pytest

from components.errors import InputError
from components.recommendation.judging.gate_options import RecommendationGateOptions


def test_thresholds_take_the_place_of_those_there_were() -> None:
    options = RecommendationGateOptions(thresholds={"recall_at_10": 0.1}, seed=3).with_thresholds('{"ndcg_at_5": 0.2}')
    assert options.thresholds == {"ndcg_at_5": 0.2}
    assert options.seed == 3
    assert RecommendationGateOptions(thresholds={"recall_at_10": 0.1}).with_thresholds("{}").thresholds == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ndcg_at_10=0.2", "Expecting value"),
        ("[1]", "valid dictionary"),
        ('{"ndcg": 0.2}', "`ndcg` is not a metric"),
        ('{"ndcg_at_7": 0.2}', "add 7 to `k`"),
        ('{"ndcg_at_10": "high"}', "valid number"),
        ('{"ndcg_at_10": NaN}', "finite number"),
    ],
)
def test_wrong_thresholds_are_one_clear_message(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        RecommendationGateOptions().with_thresholds(text)
    assert text in str(raised.value)
