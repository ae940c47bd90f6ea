"""What the ranker learns from: baskets of the validation period, and the candidates that stood at the time."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker, RankingModel
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.padded_histories import pad_histories
from trainer.recommendation.ranker.shown_histories import ShownHistories
from trainer.recommendation.towers.towers import Towers
from trainer.recommendation.towers.user_vectors import user_vectors

_USERS_AT_ONCE = 64


class RankerExamples(NamedTuple):
    """Baskets with some of their candidates; a place without a candidate is neither relevant nor valid.

    Attributes:
        names: What each feature says.
        features: float16 `(baskets, candidates, features)`; half precision, since most of the memory is here.
        relevant: bool `(baskets, candidates)`; whether the candidate was in the basket.
        valid: bool `(baskets, candidates)`.
        novel: bool `(baskets, candidates)`; whether the user's history lacks the candidate.
        user: int64 `(baskets,)`; row of the judged user.
    """

    names: tuple[str, ...]
    features: npt.NDArray[np.float16]
    relevant: npt.NDArray[np.bool_]
    valid: npt.NDArray[np.bool_]
    novel: npt.NDArray[np.bool_]
    user: npt.NDArray[np.int64]

    def without(self, names: Collection[str]) -> "RankerExamples":
        """Returns the baskets without some of the features."""
        if not set(names) & set(self.names):
            return self
        left_out = [place for place, name in enumerate(self.names) if name in names]
        kept = tuple(name for name in self.names if name not in names)
        return self._replace(names=kept, features=np.delete(self.features, left_out, axis=-1))

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "RankerExamples":
        """Returns the baskets where `chosen`, bool `(baskets,)`."""
        names, *arrays = self
        return RankerExamples._make([names, *(values[chosen] for values in arrays)])


def joined(parts: Sequence[RankerExamples]) -> RankerExamples:
    """Returns the baskets of several parts, at least one, which have the same features."""
    arrays = zip(*(part[1:] for part in parts), strict=True)
    return RankerExamples._make([parts[0].names, *(np.concatenate(values) for values in arrays)])


class CandidateDescriber:
    """Describes the candidates of judged users by the code that serves them.

    Args:
        towers: The trained towers.
        item_vectors: float32 `(products, dimensions)`, of these towers.
        model: What is known of the products; its statistics and neighbours are replaced.
        statistics: float32 `(moments, products, statistics)`; users of window i are described at moment i.
        event_types: Number of event types.
        history_length: Events of a history that are looked at, the latest.
        options: How users and candidates are sampled.
    """

    def __init__(
        self,
        towers: Towers,
        item_vectors: npt.NDArray[np.float32],
        model: RankingModel,
        statistics: npt.NDArray[np.float32],
        *,
        event_types: int,
        history_length: int,
        options: RankerOptions,
    ) -> None:
        self._towers = towers
        self._item_vectors = item_vectors
        self._statistics = statistics
        self._history_length = history_length
        self._options = options
        self._ranker = Ranker(
            ItemIndex(*towers.split(item_vectors)),
            model,
            event_types=event_types,
        )
        self._look_over = tf.function(
            lambda products, types, ages, vectors: self._ranker.look_over(History(products, types, ages), vectors),
            autograph=False,
            reduce_retracing=True,
        )
        self._describe = tf.function(
            lambda products, types, ages, *chosen: self._ranker.describe_some(History(products, types, ages), *chosen),
            autograph=False,
            reduce_retracing=True,
        )

    def describe(self, users: JudgedUsers, shown: Sequence[ShownHistories], seed: int) -> RankerExamples | None:
        """Describes a sample of each user's candidates: those that came true, if they fit, and others at random.

        Users without history are left out, and those of whose basket nothing was a candidate. Time and memory grow
        with the users.

        Args:
            users: The users.
            shown: How much of their histories is shown; each adds its users to the examples.
            seed: Of the samples.

        Returns:
            The examples; None where no user is left.
        """
        random = np.random.default_rng(seed)
        parts = [part for each in shown for part in self._describe_shown(users, each, random)]
        return joined(parts) if sum(len(part.user) for part in parts) else None

    def _describe_shown(
        self, users: JudgedUsers, shown: ShownHistories, random: np.random.Generator
    ) -> Iterator[RankerExamples]:
        """Describes the users of whom something is shown, a batch at a time."""
        self._ranker.neighbours.assign(shown.neighbours)
        users = users.latest(np.minimum(shown.events, self._history_length))
        known = np.diff(users.history_offsets) > 0
        histories = pad_histories(users, self._history_length)
        vectors = user_vectors(self._towers, self._item_vectors, users)
        for window in np.unique(users.window[known]):
            self._ranker.statistics.assign(self._statistics[window])
            rows = np.flatnonzero(known & (users.window == window))
            for batch in np.array_split(rows, np.arange(_USERS_AT_ONCE, len(rows), _USERS_AT_ONCE)):
                given = [values[batch] for values in histories]
                looked_over = self._look_over(*given, vectors[batch])
                found = self._padded(*(each.numpy() for each in looked_over))
                yield self._sample(*found, given, [users.targets(user) for user in batch], batch, random)

    def _padded(
        self, candidates: npt.NDArray[np.int32], told: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Fills up candidates with -1 to as many as an example keeps; batches differ in how many they have."""
        missing = self._options.sampled_candidates - candidates.shape[1]
        if missing <= 0:
            return candidates, told
        return (
            np.pad(candidates, [(0, 0), (0, missing)], constant_values=-1),
            np.pad(told, [(0, 0), (0, missing), (0, 0)]),
        )

    def _sample(
        self,
        candidates: npt.NDArray[np.int32],
        told: npt.NDArray[np.float32],
        history: Sequence[npt.NDArray[Any]],
        targets: Sequence[npt.NDArray[np.int32]],
        user: npt.NDArray[np.int64],
        random: np.random.Generator,
    ) -> RankerExamples:
        relevant = _among(candidates, targets)
        keys = np.where(candidates >= 0, random.random(candidates.shape) + relevant, -1.0)
        width = self._options.sampled_candidates
        kept = np.argpartition(-keys, width - 1, axis=1)[:, :width]
        # Only these are described.
        row = np.arange(len(kept))[:, np.newaxis]
        chosen = candidates[row, kept]
        examples = RankerExamples(
            names=self._ranker.feature_names,
            features=self._describe(*history, chosen, told[row, kept]).numpy().astype(np.float16),
            relevant=relevant[row, kept],
            valid=chosen >= 0,
            novel=~_among(chosen, list(history[0])),
            user=user,
        )
        return examples.rows(np.any(examples.relevant, axis=1))


def _among(candidates: npt.NDArray[np.int32], products: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.bool_]:
    """Says of each candidate whether it is among the products of its row."""
    # Row and product in one number, -1 included: all rows are compared at once.
    stride = int(max(candidates.max(initial=-1), *(row.max(initial=-1) for row in products))) + 2
    rows = np.arange(len(candidates)) * stride + 1
    others = np.concatenate(products) + np.repeat(rows, [len(row) for row in products])
    return np.isin(candidates + rows[:, np.newaxis], others)
