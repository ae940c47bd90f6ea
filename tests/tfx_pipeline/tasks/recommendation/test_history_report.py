"""What the report says by length of history, and of what adjustments cost."""

from tfx_pipeline.summary.model import AblatedSystem, Interval, TaskSummary
from tfx_pipeline.tasks.recommendation.history_report import history_blocks
from tfx_pipeline.tasks.recommendation.outcome import price_of_adjustments


def test_a_row_stands_for_each_number_of_events() -> None:
    few = {"users": 1200, "ndcg_at_10": 0.25, "popularity": {"ndcg_at_10": None}}
    (block,) = history_blocks({"1": few, "all": few | {"ndcg_at_10": 0.5}})
    assert block.table is not None
    assert block.table.headings == ["events shown", "users", "ndcg at 10", "popularity: ndcg at 10"]
    assert [[cell.text for cell in row] for row in block.table.rows] == [
        ["1", "1,200", "0.2500", "–"],
        ["all", "1,200", "0.5000", "–"],
    ]
    assert history_blocks({}) == []


def test_the_price_of_each_adjustment_is_said() -> None:
    interval = Interval(mean=-0.01, low=-0.02, high=0.005)
    part = AblatedSystem(metrics={}, differences={"novel_ndcg_at_10": interval, "mrr_at_10": interval})
    summary = TaskSummary.model_construct(ablation={"ranker_without_damping": part, "towers": part})
    assert price_of_adjustments(summary) == [
        "novel_ndcg_at_10 with `ranker.popularity_damping`, against without: -0.0100 (95% interval -0.0200 to +0.0050)"
    ]
