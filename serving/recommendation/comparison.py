"""Rankings of several systems for the same histories, which share what they have in common; plain TensorFlow ops."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

import tensorflow as tf

from serving.graph.answers import at_most, texts_at, with_rows_of
from serving.graph.filters import not_listed
from serving.graph.history import History, HistoryReader, history_specs
from serving.graph.signatures import Signature, batch_of
from serving.graph.top_k import top_allowed
from serving.index.exact import ExactIndex
from serving.recommendation.distinct import first_of_equals
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker, RankingModel, best_candidates, closed_up
from serving.recommendation.recommendable import Recommendable

# The name of the system that is served.
THE_MODEL = "model"


class ComparedSystem(NamedTuple):
    """A system beside the one that is served.

    Attributes:
        ranking: What its ranker has learned; None for the towers alone.
        recommendable_only: Whether what is never recommended is left out.
    """

    ranking: RankingModel | None = None
    recommendable_only: bool = False


class System(NamedTuple):
    """A system with its ranker, otherwise as `ComparedSystem`."""

    ranker: Ranker | None
    recommendable_only: bool = False


def systems_of(compared: Mapping[str, ComparedSystem], index: ItemIndex, *, event_types: int) -> dict[str, System]:
    """Makes the rankers of some systems, which share their tables."""
    first: Ranker | None = None
    rankers: dict[str, Ranker | None] = {}
    # The first ranker has the tables of all, so one with rules comes first.
    for name in sorted(compared, key=lambda name: getattr(compared[name].ranking, "rules", None) is None):
        model = compared[name].ranking
        rankers[name] = None if model is None else Ranker(index, model, event_types=event_types, like=first)
        first = first or rankers[name]
    return {name: System(ranker, compared[name].recommendable_only) for name, ranker in rankers.items()}


class Comparison(tf.Module):
    """Ranks the catalogue by several systems at once, each with and without what was bought before.

    What is known of all products is looked up once, a candidate of several systems is described once, and systems that
    differ in how scores are adjusted share the scores. Each list is what its system alone would answer, of every
    product, each on its own.

    Args:
        systems: What is compared, by name, as `systems_of` makes them.
        index: The item vectors.
        popular: Popularity as an index of one dimension, by which an empty history is answered.
        recommendable: What is left out where a system says so.
        product_ids: string `(products,)`.
    """

    def __init__(
        self,
        systems: Mapping[str, System],
        *,
        index: ItemIndex,
        popular: ExactIndex,
        recommendable: Recommendable,
        product_ids: tf.Variable,
    ) -> None:
        super().__init__(name="comparison")
        self._index, self._popular, self._recommendable = index, popular, recommendable
        self._product_ids = product_ids
        # Tracked by this list, so that what the rankers hold is saved.
        self._rankers = [system.ranker for system in systems.values() if system.ranker is not None]
        self._systems: Callable[[], Mapping[str, System]] = lambda: systems

    def signature(
        self,
        *names: str,
        reader: HistoryReader,
        encode: Callable[[History], tf.Tensor],
        history_length: int,
        max_k: int,
    ) -> Signature:
        """Returns the signature `compare`, of all systems or of some.

        Its inputs are the history, and int32 `k` and `novel_k`, both `(batch,)`. By system NAME it answers
        `NAME.product_ids`, the `k` best of all products, and `NAME.novel_product_ids`, the `novel_k` best of those that
        the history does not say were bought; of these a ranker orders no more than its candidates for `k`.

        Args:
            names: The systems; all where none is named.
            reader: Reads histories.
            encode: Histories to their vectors, float32 `(batch, dimensions)`.
            history_length: Events of a request.
            max_k: Most products of a list.
        """

        def compare(
            history_ids: tf.Tensor,
            history_types: tf.Tensor,
            history_age_seconds: tf.Tensor,
            k: tf.Tensor,
            novel_k: tf.Tensor,
        ) -> dict[str, tf.Tensor]:
            k, novel_k = (at_most(each, max_k) for each in with_rows_of(history_ids, k=k, novel_k=novel_k))
            history = reader.read(history_ids, history_types, history_age_seconds)
            bought = tf.where(history.types == reader.bought_type, history.products, -1)
            found = self.rank(history, encode(history), bought, tf.reduce_max(k), tf.reduce_max(novel_k), *names)
            answer = {}
            for name, (every, novel) in found.items():
                answer[f"{name}.product_ids"] = self._ids_up_to(every, k)
                answer[f"{name}.novel_product_ids"] = self._ids_up_to(novel, novel_k)
            return answer

        numbers = batch_of("k", tf.int32) | batch_of("novel_k", tf.int32)
        return compare, history_specs(history_length) | numbers

    def rank(
        self, history: History, users: tf.Tensor, bought: tf.Tensor, k: tf.Tensor, novel_k: tf.Tensor, *names: str
    ) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Ranks for a batch.

        Args:
            history: The whole history of each user, `(batch, width)`.
            users: float32 `(batch, dimensions)`, their vectors.
            bought: int32 `(batch, width)`; what the history says was bought, -1 for the rest.
            k: int32 scalar.
            novel_k: int32 scalar.
            names: Systems to rank by; all where none is named.

        Returns:
            By name the best of all products, and of those that are not `bought`: int32 `(batch, k)` and
            `(batch, novel_k)` with no more columns than there are products, -1 at the end for none.
        """
        systems = {name: system for name, system in self._systems().items() if not names or name in names}
        widths = [tf.clip_by_value(each, 0, self._index.size) for each in (k, novel_k)]
        new = not_listed(bought, self._index.size)
        anything = tf.ones_like(new)
        allowed = {False: anything, True: self._recommendable.among(anything)}
        ranked = [(each.ranker, each.recommendable_only) for each in systems.values() if each.ranker is not None]
        ranking = _Ranking(self._rankers[0], history, users) if ranked else None
        if ranking is not None:
            ranking.gather(ranked, widths[0], allowed, new)
        near = self._index.scores(users) if ranking is None else ranking.known.near
        empty = tf.reduce_all(history.products < 0, axis=1, keepdims=True)

        found = {}
        for name, system in systems.items():
            among = allowed[system.recommendable_only]
            if ranking is None or system.ranker is None:
                lists = [top_allowed(near, widths[0], among)[1], top_allowed(near, widths[1], among & new)[1]]
            else:
                lists = [
                    ranking.best(system.ranker, system.recommendable_only, only_new, width)
                    for only_new, width in zip((False, True), widths, strict=True)
                ]
            popular = [self._popular.search(tf.ones([1, 1]), width, among[:1])[1] for width in widths]
            found[name] = tf.where(empty, popular[0], lists[0]), tf.where(empty, popular[1], lists[1])
        return found

    def _ids_up_to(self, products: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
        """Returns the ids of products `(batch, columns)`, each row's up to its own `k`."""
        kept = tf.range(tf.shape(products)[1])[tf.newaxis, :] < k[:, tf.newaxis]
        return texts_at(self._product_ids, tf.where(kept, products, -1))


class _Ranking:
    """What rankers say of one batch, as far as it has been asked; built with the graph."""

    def __init__(self, first: Ranker, history: History, users: tf.Tensor) -> None:
        self._first, self._history, self._users = first, history, users
        self.known = first.look_up(history, users)
        self._candidates: dict[Hashable, tf.Tensor] = {}
        self._scores: dict[Hashable, tf.Tensor] = {}

    def gather(
        self,
        rankers: Iterable[tuple[Ranker, bool]],
        k: tf.Tensor,
        allowed: Mapping[bool, tf.Tensor],
        new: tf.Tensor,
    ) -> None:
        """Gathers the candidates of some rankers, and describes each of them once.

        Args:
            rankers: Each with whether it ranks only what is recommendable.
            k: int32 scalar; at least so many candidates.
            allowed: bool `(batch, products)`: all, and what is recommendable.
            new: bool `(batch, products)`: what was not bought.
        """
        every = {}
        for ranker, only in rankers:
            if (ranker.gathers, only) not in every:
                every[ranker.gathers, only] = ranker.gather(self._history, self.known, k, allowed[only])
        for key, candidates in every.items():
            is_new = tf.gather(new, tf.maximum(candidates, 0), batch_dims=1)
            self._candidates[*key, False] = candidates
            self._candidates[*key, True] = closed_up(tf.where(is_new, candidates, -1), 1)
        union = closed_up(first_of_equals(tf.concat(list(every.values()), axis=1)), 1)
        self._described = self._first.describe_candidates(self._history, self._users, self.known, union)
        there = tf.where(union >= 0)
        products = tf.cast(tf.gather_nd(union, there), tf.int64)
        columns = tf.cast(there[:, 1], tf.int32)
        place = tf.stack([there[:, 0], products], axis=1)
        self._column = tf.scatter_nd(place, columns, tf.shape(new, tf.int64))

    def best(self, ranker: Ranker, recommendable_only: bool, only_new: bool, k: tf.Tensor) -> tf.Tensor:
        """Returns a ranker's `k` best products of each row, int32 `(batch, k)`, -1 at the end for none."""
        candidates = self._candidates[ranker.gathers, recommendable_only, only_new]
        key = (ranker.gathers, recommendable_only, only_new, ranker.scores_by)
        if key not in self._scores:
            # One after another: features of all candidates take more memory than all else.
            with tf.control_dependencies(list(self._scores.values())[-1:]):
                places = tf.gather(self._column, tf.maximum(candidates, 0), batch_dims=1)
                self._scores[key] = ranker.score(ranker.features(self._described.at(places), candidates))
        scores = ranker.adjusted(self._history, candidates, self._scores[key])
        columns = tf.minimum(k, tf.shape(candidates)[1])
        _, best = best_candidates(candidates, scores, columns)
        return tf.pad(best, [[0, 0], [0, k - columns]], constant_values=-1)
