"""What a model recommends by how much of a history it is shown: nothing, the latest few events, or all of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import MODEL
from components.recommendation.judging.ablation import ASKED_ALONE
from components.recommendation.judging.baselines import Baselines
from components.recommendation.judging.gate_options import RecommendationBaseline
from components.recommendation.judging.list_measures import ListMeasures, novel_targets, targets_of
from components.recommendation.judging.served_ranking import RankedLists
from components.recommendation.judging.user_products import UserProducts, bought_products
from trainer.metrics.lists import shared_products
from trainer.recommendation.judged_users import JudgedUsers

COLD_START_EVENTS = (0, 1, 3, 6)
COLD_START_USERS = 500
# The model, and what tells the price of what it does for those who came lately.
COLD_START_SYSTEMS = (MODEL, *ASKED_ALONE)
# The whole history, whatever its length; in the summary `all`.
WHOLE_HISTORY = -1

_BASELINE: RecommendationBaseline = "popularity"
_NOVEL = "novel_"


def cold_start_systems(names: Iterable[str]) -> list[str]:
    """Returns which of some models are asked about users who came lately, in their order."""
    return [name for name in names if name in COLD_START_SYSTEMS]


def _metrics(k: int) -> tuple[str, ...]:
    return (f"ndcg_at_{k}", f"recall_at_{k}", f"{_NOVEL}ndcg_at_{k}")


def cold_start_schema(k: int, systems: Sequence[str] = (MODEL,)) -> pa.Schema:
    """Returns the columns of `judge_cold_start`.

    Args:
        k: List length.
        systems: The models.

    Returns:
        shown_events (int32); `SYSTEM.ndcg_at_K`, `SYSTEM.recall_at_K` and `SYSTEM.novel_ndcg_at_K` (float64) of each
        model and of popularity; and `SYSTEM.novel_products` (list of int32 product indices) of each model.
    """
    columns = [(f"{system}.{metric}", pa.float64()) for system in (*systems, _BASELINE) for metric in _metrics(k)]
    lists = [(f"{system}.{_NOVEL}products", pa.list_(pa.int32())) for system in systems]
    return pa.schema([("shown_events", pa.int32()), *columns, *lists])


def judge_cold_start(
    users: JudgedUsers,
    systems: Sequence[str],
    ask: Callable[[JudgedUsers, UserProducts], Mapping[str, RankedLists]],
    baselines: Baselines,
    measures: ListMeasures,
    *,
    bought_type: int,
    k: int,
) -> pa.Table:
    """Ranks for users as if they had come lately, by models and by popularity, and measures against their targets.

    `novel` is about products that are not among what was shown: the others are left out of lists and targets.

    Args:
        users: A batch of users with whole histories.
        systems: Names of the models.
        ask: Users, and what they bought, to what each of the models recommends, `k` products.
        baselines: Has the popularity.
        measures: Computes the metrics, among other lengths at `k`.
        bought_type: The event type that makes a product one that the user has.
        k: List length.

    Returns:
        One row for each number of `COLD_START_EVENTS` and each user with at least so many, and one for the whole
        history of each user who has one; as `cold_start_schema`.
    """
    schema = cold_start_schema(k, systems)
    lengths = np.diff(users.history_offsets)
    tables = []
    for events in (*COLD_START_EVENTS, WHOLE_HISTORY):
        shown = users if events == WHOLE_HISTORY else users.latest(events)
        bought = bought_products(shown, bought_type)
        every, novel = targets_of(shown), novel_targets(shown, bought)
        columns: dict[str, Any] = {"shown_events": np.full(len(users), events)}
        popular = (baselines.rank(_BASELINE, shown, k, left_out=left_out) for left_out in (None, bought))
        for name, (lists, new) in {**ask(shown, bought), _BASELINE: RankedLists(*popular)}.items():
            if name != _BASELINE:
                columns[f"{name}.{_NOVEL}products"] = [row[row >= 0] for row in new]
            found, found_new = measures.measure(lists, every), measures.measure(new, novel)
            columns |= {f"{name}.{metric}": found[metric] for metric in (f"ndcg_at_{k}", f"recall_at_{k}")}
            columns[f"{name}.{_NOVEL}ndcg_at_{k}"] = found_new[f"ndcg_at_{k}"]
        table = pa.table(
            [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema], schema=schema
        )
        tables.append(table.filter(pa.array(lengths >= (1 if events == WHOLE_HISTORY else events))))
    return pa.concat_tables(tables)


def summarize_cold_start(rows: pa.Table, k: int, systems: Sequence[str] = (MODEL,)) -> dict[str, dict[str, Any]]:
    """Sums up what `judge_cold_start` found.

    Args:
        rows: Its rows of all users, in any order.
        k: List length.
        systems: The models, the one that serves first.

    Returns:
        By the number of events shown, as text, and `all`: `users`; the model's ndcg, recall and novel ndcg at `k`, its
        `distinct_products` in the lists of new products, and `shared_products`, of `k`, that two users' lists have in
        common on average; and under their names the same of the other models, and the metrics of `popularity`. None in
        place of what there are too few users for.
    """
    summary: dict[str, dict[str, Any]] = {}
    for events in (*COLD_START_EVENTS, WHOLE_HISTORY):
        group = rows.filter(pc.equal(rows["shown_events"], events))
        served, *others = systems
        summary["all" if events == WHOLE_HISTORY else str(events)] = {
            "users": len(group),
            **_summary(group, served, k),
            **{name: _summary(group, name, k) for name in others},
            _BASELINE: _means(group, _BASELINE, k),
        }
    return summary


def _summary(rows: pa.Table, system: str, k: int) -> dict[str, Any]:
    listed = pc.list_flatten(rows[f"{system}.{_NOVEL}products"]).to_numpy()
    return {
        **_means(rows, system, k),
        "distinct_products": len(np.unique(listed)),
        "shared_products": shared_products(listed, len(rows)) if len(rows) > 1 else None,
    }


def _means(rows: pa.Table, system: str, k: int) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name in _metrics(k):
        # In order of value the sum does not depend on the order in which Beam wrote the rows.
        values = np.sort(rows[f"{system}.{name}"].drop_null().to_numpy())
        means[name] = float(values.mean()) if len(values) else None
    return means
