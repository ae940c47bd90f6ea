"""What a model and the baselines recommend to test users, and each user's metrics, one Arrow batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from components.recommendation.judging.baselines import BASELINES, Baselines
from components.recommendation.judging.cold_start import cold_start_systems, judge_cold_start
from components.recommendation.judging.list_measures import (
    ACCURACY_METRICS,
    LIST_METRICS,
    ListMeasures,
    Targets,
    novel_targets,
    targets_of,
)
from components.recommendation.judging.served_ranking import RankedLists, ServedRanking
from components.recommendation.judging.user_products import IntArray, UserProducts, bought_products
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.judged_users import JudgedUsers

NOVEL = "novel_"

_MOST_USERS_AT_ONCE = 256
_SCORES_AT_ONCE = 8_000_000


def users_at_once(products: int) -> int:
    """Returns how many users are ranked in one call, so that their scores of all products fit into memory."""
    return max(1, min(_MOST_USERS_AT_ONCE, _SCORES_AT_ONCE // max(products, 1)))


def user_schema(systems: Sequence[str], ks: Sequence[int]) -> pa.Schema:
    """Returns the columns of `UserJudge.judge`.

    Args:
        systems: Names of the model, the baselines, and what else is ranked.
        ks: List lengths of the metrics.

    Returns:
        history_events, targets and novel_targets (int32: counts); attributes (map of strings); for each system
        `SYSTEM.products` and `SYSTEM.novel_products` (list of int32 product indices) and `SYSTEM.METRIC` and
        `SYSTEM.novel_METRIC` (float64, null where the metric is not defined).
    """
    fields: list[tuple[str, pa.DataType]] = [
        ("history_events", pa.int32()),
        ("targets", pa.int32()),
        ("novel_targets", pa.int32()),
        ("attributes", pa.map_(pa.string(), pa.string())),
    ]
    for system in systems:
        for prefix in ("", NOVEL):
            fields.append((f"{system}.{prefix}products", pa.list_(pa.int32())))
            metrics = [f"{metric}_at_{k}" for metric in (*ACCURACY_METRICS, *LIST_METRICS) for k in ks]
            fields += [(f"{system}.{prefix}{metric}", pa.float64()) for metric in metrics]
    return pa.schema(fields)


@dataclass(frozen=True)
class JudgedSystems:
    """Where the models stand that are judged.

    Attributes:
        models: Folders of served models by name of the system.
        comparison: Folder of a SavedModel that ranks by the parts of a model.
        parts: The names of those parts.
    """

    models: Mapping[str, str]
    comparison: str = ""
    parts: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """All systems, the parts behind the first model."""
        first, *others = self.models
        return [first, *self.parts, *others]


class UserJudge:
    """Ranks for users by every system, and measures each list; holds the catalogue and the models.

    Args:
        catalogue_uri: Uri of the catalogue artifact.
        systems: The models; the baselines are added to them.
        ks: List lengths of the metrics.
    """

    def __init__(self, catalogue_uri: str, systems: JudgedSystems, ks: Sequence[int]) -> None:
        catalogue, facts = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
        event_types, bought = facts["event_types"], facts["bought_event_type"]
        self._bought_type = event_types.index(bought)
        self._systems = systems
        self._served = {
            path: ServedRanking(path, catalogue["product_id"], event_types, bought)
            for path in dict.fromkeys((*systems.models.values(), *([systems.comparison] if systems.parts else [])))
        }
        self._baselines = Baselines(catalogue, facts)
        self._measures = ListMeasures(catalogue, ks)
        self._width = max(ks)
        self._schema = user_schema([*systems.names, *BASELINES], ks)

    def judge(self, users: JudgedUsers) -> pa.Table:
        """Ranks for a batch of users, and measures.

        `novel` lists and metrics are about products that the user did not buy before: the others are taken out of
        the list and of the targets. They are null for users without a history, and where no target is left.

        Args:
            users: Users with their whole histories, at most `users_at_once`.

        Returns:
            One row a user, with the columns of `user_schema`.
        """
        width = self._width
        bought = bought_products(users, self._bought_type)
        every_target = targets_of(users)
        # Nothing is new to who has no history.
        novel_target = novel_targets(users, bought, of=np.diff(users.history_offsets) > 0)
        columns: dict[str, Any] = {
            "history_events": np.diff(users.history_offsets),
            "targets": every_target.counts,
            "novel_targets": novel_target.counts,
            "attributes": _attributes(users),
        }
        for name, lists in self._ranked(users, width, bought).items():
            columns |= self._measure(f"{name}.", lists.every, every_target)
            columns |= self._measure(f"{name}.{NOVEL}", lists.novel, novel_target)
        for baseline in BASELINES:
            columns |= self._measure(f"{baseline}.", self._baselines.rank(baseline, users, width), every_target)
            novel_lists = self._baselines.rank(baseline, users, width, left_out=bought)
            columns |= self._measure(f"{baseline}.{NOVEL}", novel_lists, novel_target)
        arrays = [_array(columns[field.name], field.type) for field in self._schema]
        return pa.table(arrays, schema=self._schema)

    def judge_cold_start(self, users: JudgedUsers, k: int) -> pa.Table:
        """Ranks for a batch of users by the model as if they had come lately.

        See `components.recommendation.judging.cold_start`.

        Args:
            users: Users with their whole histories, at most `users_at_once`.
            k: List length, one of those that metrics are computed at.

        Returns:
            Rows with the columns of `components.recommendation.judging.cold_start.cold_start_schema`.
        """
        systems = cold_start_systems(self._systems.names)

        def ask(shown: JudgedUsers, bought: UserProducts) -> dict[str, RankedLists]:
            return {name: self._ranked_by(name, shown, k, bought) for name in systems}

        return judge_cold_start(
            users, systems, ask, self._baselines, self._measures, bought_type=self._bought_type, k=k
        )

    def _ranked(self, users: JudgedUsers, width: int, bought: UserProducts) -> dict[str, RankedLists]:
        """Returns what each model, and each part of the model, recommends."""
        found = {name: self._served[path].lists(users, width, bought) for name, path in self._systems.models.items()}
        if self._systems.parts:
            found |= self._served[self._systems.comparison].compare(users, width, bought)
        return found

    def _ranked_by(self, name: str, users: JudgedUsers, width: int, bought: UserProducts) -> RankedLists:
        """Returns what a model or a part recommends, without asking others."""
        if name in self._systems.models:
            return self._served[self._systems.models[name]].lists(users, width, bought)
        return self._served[self._systems.comparison].compare(users, width, bought, name)[name]

    def _measure(self, prefix: str, lists: IntArray, targets: Targets) -> dict[str, Any]:
        measured = self._measures.measure(lists, targets)
        return {f"{prefix}products": lists} | {f"{prefix}{name}": values for name, values in measured.items()}


def _attributes(users: JudgedUsers) -> list[list[tuple[str, str]]]:
    rows: list[list[tuple[str, str]]] = [[] for _ in range(len(users))]
    for name, values in users.attributes.items():
        for row, value in zip(rows, values, strict=True):
            if value is not None:
                row.append((name, value))
    return rows


def _array(values: Any, dtype: pa.DataType) -> pa.Array:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        present = values >= 0
        offsets = np.concatenate([[0], present.sum(axis=1).cumsum()])
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[present], dtype.value_type))
    return pa.array(values, dtype, from_pandas=isinstance(values, np.ndarray))
