"""Cold start, simulated: what a model recommends to users of whom it is shown only the latest few events."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import MODEL
from components.recommendation.judging.baselines import Baselines
from components.recommendation.judging.gate_options import RecommendationBaseline
from components.recommendation.judging.list_measures import ListMeasures, Targets
from components.recommendation.judging.served_ranking import ServedRanking
from trainer.recommendation.judged_users import JudgedUsers

COLD_START_EVENTS = (0, 1, 5)
COLD_START_USERS = 500

_BASELINE: RecommendationBaseline = "popularity"
_METRICS = ("ndcg", "recall")


def cold_start_schema(k: int) -> pa.Schema:
    """Returns the columns of `judge_cold_start`: shown_events (int32), and `SYSTEM.METRIC_at_K` (float64)."""
    columns = [(f"{system}.{metric}_at_{k}", pa.float64()) for system in (MODEL, _BASELINE) for metric in _METRICS]
    return pa.schema([("shown_events", pa.int32()), *columns])


def judge_cold_start(
    users: JudgedUsers, model: ServedRanking, baselines: Baselines, measures: ListMeasures, k: int
) -> pa.Table:
    """Ranks for users as if they had just come, by the model and by popularity, and measures against their targets.

    Args:
        users: A batch of users with whole histories.
        model: The served model.
        baselines: Has the popularity.
        measures: Computes the metrics, among other lengths at `k`.
        k: List length.

    Returns:
        One row for each number of `COLD_START_EVENTS` and each user with at least so many, as `cold_start_schema`.
    """
    schema, targets = cold_start_schema(k), Targets(users.target_offsets, users.target_index)
    popular = measures.measure(baselines.rank(_BASELINE, users, k), targets)
    tables = []
    for events in COLD_START_EVENTS:
        ranked = measures.measure(model.rank(users.latest(events), k), targets)
        columns: dict[str, Any] = {"shown_events": np.full(len(users), events)}
        for system, found in ((MODEL, ranked), (_BASELINE, popular)):
            columns |= {f"{system}.{metric}_at_{k}": found[f"{metric}_at_{k}"] for metric in _METRICS}
        table = pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
        tables.append(table.filter(pa.array(np.diff(users.history_offsets) >= events)))
    return pa.concat_tables(tables)


def summarize_cold_start(rows: pa.Table, k: int) -> dict[str, dict[str, Any]]:
    """Sums up what `judge_cold_start` found.

    Args:
        rows: Its rows of all users, in any order.
        k: List length.

    Returns:
        By the number of events shown, as text: `users`, the model's ndcg and recall at `k`, and the same of
        `popularity`; None in place of a metric without users.
    """
    summary: dict[str, dict[str, Any]] = {}
    for events in COLD_START_EVENTS:
        group = rows.filter(pc.equal(rows["shown_events"], events))
        summary[str(events)] = {
            "users": len(group),
            **_means(group, MODEL, k),
            _BASELINE: _means(group, _BASELINE, k),
        }
    return summary


def _means(rows: pa.Table, system: str, k: int) -> Mapping[str, float | None]:
    means: dict[str, float | None] = {}
    for name in (f"{metric}_at_{k}" for metric in _METRICS):
        # In order of value the sum does not depend on the order in which Beam wrote the rows.
        values = np.sort(rows[f"{system}.{name}"].to_numpy())
        means[name] = float(values.mean()) if len(values) else None
    return means
