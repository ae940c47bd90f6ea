"""What Beam's other runners make of a shop's tables is what the local one makes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.artifact_rows import row_text, rows_of_run, unequal
from benchmarks.runners import made_up_shop, run
from components.events.options import SplitOptions
from components.recommendation.examples.options import RecommendationExamplesOptions
from tests.components.recommendation.examples.examples_runs import Run, run_recommendation_examples
from tests.e2e.demo_tables import demo_tables
from tfx_pipeline.shop.beam_options import BeamOptions

DAY = 86_400
OPTIONS = RecommendationExamplesOptions(
    split=SplitOptions(test_start="1970-04-11T00:00:00Z", validation_days=10),
    event_types={"view": 0.0, "purchase": 1.0},
    tower_history=5,
    ranker_windows=2,
    ranker_history=4,
)
EVENTS = [
    {
        "user_id": f"u{user}",
        "product_id": f"p{(user * 7 + n * n) % 20}",
        "event_type": ("view", "purchase")[(user + n) % 2],
        "timestamp": (user * 13 + n * 11) % 110 * DAY,
    }
    for user in range(20)
    for n in range(8)
]
OTHERS = {
    "loopback": BeamOptions(runner="portable", environment="loopback", workers=2),
    "process": BeamOptions(runner="portable", environment="process", workers=2),
    "multiprocess": BeamOptions(runner="multiprocess", workers=2),
}


def counted(run_: Run) -> dict[str, Any]:
    """What was written, in no order."""
    tables = {**run_.examples, "catalogue": run_.catalogue, "statistics": run_.statistics}
    return {"facts": run_.facts, **{name: Counter(map(row_text, rows)) for name, rows in tables.items()}}


@pytest.mark.parametrize(
    "kind", ["loopback", *(pytest.param(each, marks=pytest.mark.long) for each in ("process", "multiprocess"))]
)
def test_examples_are_the_same(kind: str, tmp_path: Path) -> None:
    local = run_recommendation_examples(tmp_path / "local", OPTIONS, EVENTS)
    other = run_recommendation_examples(tmp_path / kind, OPTIONS, EVENTS, beam_args=OTHERS[kind].arguments())
    assert counted(other) == counted(local)
    assert sum(map(len, local.examples.values())) > 20


@pytest.mark.long
@pytest.mark.parametrize("environment", ["loopback", "process"])
def test_the_whole_pipeline_makes_the_same(environment: str, tmp_path: Path) -> None:
    config = made_up_shop(tmp_path, users=150)
    run(config, tmp_path / "local")
    run(config, tmp_path / "portable", "runner=portable", f"environment={environment}", "workers=2")
    local, portable = (rows_of_run(tmp_path / name) for name in ("local", "portable"))
    assert {"EventsExampleGen/examples", "RecommendationExamples/examples", "BasketRules/rules"} <= local.keys()
    assert unequal(local, portable) == []


@pytest.mark.long
def test_the_demos_tables_make_the_same(tmp_path: Path) -> None:
    config = demo_tables(tmp_path, sample=0.05)
    run(config, tmp_path / "local")
    run(config, tmp_path / "portable", "runner=portable", "environment=loopback", "workers=2")
    assert unequal(rows_of_run(tmp_path / "local"), rows_of_run(tmp_path / "portable")) == []
