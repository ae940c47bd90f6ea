"""Histories as text and numbers: one function for training and for the served graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.history import History, HistoryReader
from serving.graph.lookup import IdLookup
from serving.segmentation.behaviour_numbers import BehaviourNumbers
from serving.segmentation.behaviour_text import BehaviourText, Clauses
from serving.segmentation.signals import Signals, read_signals

_SAMPLED_PRODUCTS = 5


@dataclass(frozen=True, kw_only=True)
class BehaviourProducts:
    """What behaviour says of products; row i of every field by product is product i.

    Attributes:
        product_ids: Distinct ids.
        titles: Their titles.
        kinds: int `(products,)`; place in `kind_names`.
        kind_names: What products are called in a text, such as the last level of their category.
        areas: int `(products,)`; place in `area_names`.
        area_names: What money is spent on, such as the first level of a category; few.
        spends: float `(products,)`; what one event of the product usually costs.
    """

    product_ids: Sequence[bytes]
    titles: Sequence[bytes]
    kinds: ArrayLike
    kind_names: Sequence[bytes]
    areas: ArrayLike
    area_names: Sequence[str]
    spends: ArrayLike


class BehaviourTable(NamedTuple):
    """The behaviour of a batch of users.

    Attributes:
        texts: string `(batch,)`.
        numbers: float32 `(batch, numbers)`.
    """

    texts: tf.Tensor
    numbers: tf.Tensor


class ToldBehaviour(NamedTuple):
    """The behaviour of a batch of users, and its parts in people's words.

    Attributes:
        table: What a model reads.
        clauses: What its text says, clause by clause.
        numbers: string `(batch, numbers)`; each number with its name.
    """

    table: BehaviourTable
    clauses: Clauses
    numbers: tf.Tensor


class Behaviour(tf.Module):
    """Describes histories, in plain TensorFlow ops.

    Events of types that are not among `event_types` are left out, as no training history has one; an empty type counts
    as `bought_event_type`.

    Args:
        products: What is known of the products.
        event_types: Names of the event types.
        bought_event_type: The one that costs money.
        history_length: Latest known events of a history that are looked at.
    """

    def __init__(
        self,
        products: BehaviourProducts,
        event_types: Sequence[str],
        bought_event_type: str,
        history_length: int,
    ) -> None:
        super().__init__(name="behaviour")
        self.history_length = history_length
        self._sample = list(products.product_ids[:_SAMPLED_PRODUCTS])
        self._reader = HistoryReader(
            IdLookup(products.product_ids, "product id"), event_types, bought_event_type, known_types_only=True
        )
        self._text = BehaviourText(
            titles=products.titles,
            kinds=products.kinds,
            kind_names=products.kind_names,
            event_types=event_types,
            bought_type=self._reader.bought_type,
        )
        self._numbers = BehaviourNumbers(
            spends=products.spends,
            areas=products.areas,
            area_names=products.area_names,
            event_types=event_types,
            bought_type=self._reader.bought_type,
        )

    def sample(self) -> list[bytes]:
        """Returns the ids of a few products, to ask with."""
        return list(self._sample)

    @property
    def number_names(self) -> list[str]:
        """What each number says."""
        return list(self._numbers.names)

    @property
    def number_parts(self) -> list[str]:
        """What each number is about."""
        return list(self._numbers.parts)

    def describe(self, ids: tf.Tensor, types: tf.Tensor, age_seconds: tf.Tensor) -> BehaviourTable:
        """Describes histories: string, string and float32, all `(batch, width)`, padded with "" at any place."""
        return self._describe(self._latest(self._reader.read(ids, types, age_seconds)))

    def describe_examples(self, serialized: tf.Tensor) -> BehaviourTable:
        """Describes the histories of serialized tf.Examples; see `HistoryReader.read_examples` and `read_signals`."""
        history = self._latest(self._reader.read_examples(serialized))
        return self._describe(history, read_signals(serialized, history))

    def tell(self, ids: tf.Tensor, types: tf.Tensor, age_seconds: tf.Tensor) -> ToldBehaviour:
        """Describes histories as `describe` does, and part by part as people read it."""
        history = self._latest(self._reader.read(ids, types, age_seconds))
        clauses, numbers = self._text.clauses(history), self._numbers(history)
        return ToldBehaviour(BehaviourTable(clauses.text(), numbers), clauses, self._numbers.tell(history, numbers))

    def _describe(self, history: History, signals: Signals | None = None) -> BehaviourTable:
        return BehaviourTable(self._text(history, signals), self._numbers(history))

    def _latest(self, history: History) -> History:
        known = tf.cast(history.products >= 0, tf.int32)
        later = tf.cumsum(known, axis=1, exclusive=True, reverse=True)
        return history._replace(products=tf.where(later < self.history_length, history.products, -1))
