"""The options that the gate of recommendation takes."""

import pytest
from pydantic import ValidationError

from components.recommendation.judging.gate_options import RecommendationGateOptions


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"thresholds": {"accuracy": 0.5}}, "`accuracy` is not a metric"),
        ({"thresholds": {"ndcg_at_7": 0.5}}, "add 7 to `k`"),
        ({"thresholds": {"popularity_bias_at_10": 0.5}}, "is not a metric"),
        ({"baseline_margins": {"coverage_at_10": 0.1}}, "has no interval"),
        ({"baseline_margins": {"novel_diversity_at_10": 0.1}}, "has no interval"),
        ({"min_slice_users": 0}, "greater than or equal to 1"),
        ({"last_blessed_margin": -0.1}, "greater than or equal to 0"),
        ({"baselines": ["best"]}, "popularity"),
        ({"tresholds": {}}, "Extra inputs are not permitted"),
    ],
)
def test_options_refuse_what_makes_no_sense(settings, message):
    with pytest.raises(ValidationError, match=message):
        RecommendationGateOptions(**settings)


def test_the_headline_is_at_10_where_that_is_computed():
    assert RecommendationGateOptions().k == (5, 10, 20)
    assert RecommendationGateOptions().headline_k == 10
    options = RecommendationGateOptions(k=(7, 3), baseline_margins={}, last_blessed_metric="ndcg_at_7")
    assert options.headline_k == 7


def test_options_survive_json():
    options = RecommendationGateOptions(
        k=(5, 10), thresholds={"novel_recall_at_5": 0.25}, baselines=("personal_frequency",)
    )
    assert RecommendationGateOptions.model_validate_json(options.model_dump_json()) == options
