"""Histories in the graph: from ids as a client sends them to what the user tower reads."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.signatures import Specs
from serving.signature_names import HISTORY_INPUTS

_DTYPES = dict(zip(HISTORY_INPUTS, (tf.string, tf.string, tf.float32), strict=True))


class History(NamedTuple):
    """The known events of a batch of users, at the places where the request has them.

    Attributes:
        products: int32 `(batch, width)` product index; -1 where there is no known product.
        types: int32 `(batch, width)` event type.
        age_seconds: float32 `(batch, width)`, at least 0 and finite.
    """

    products: tf.Tensor
    types: tf.Tensor
    age_seconds: tf.Tensor


class LatestEvents(NamedTuple):
    """The latest known events, left-aligned, oldest first.

    Attributes:
        products: int32 `(batch, latest)` product index; -1 is padding, always at the end.
        types: int32 `(batch, latest)` event type; 0 in padding.
        gap_seconds: float32 `(batch, latest)` time to the next event, for the last one to the request; 0 in padding.
        mask: bool `(batch, latest)` false in padding.
        count: int32 `(batch,)` events before the padding.
    """

    products: tf.Tensor
    types: tf.Tensor
    gap_seconds: tf.Tensor
    mask: tf.Tensor
    count: tf.Tensor


class HistoryReader(tf.Module):
    """Looks up the products and event types of histories.

    An id that is empty or unknown is no event. An empty event type counts as `bought_event_type`, and so does one that
    is unknown, unless events of unknown types are left out. An age that is NaN, infinite or negative is unknown and
    counts as 0.

    Args:
        products: Lookup of product ids.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        known_types_only: Whether an event of a type that is not among them is no event.

    Raises:
        ValueError: `bought_event_type` is not among `event_types`.
    """

    def __init__(
        self,
        products: IdLookup,
        event_types: Sequence[str],
        bought_event_type: str,
        *,
        known_types_only: bool = False,
    ) -> None:
        super().__init__(name="history_reader")
        if bought_event_type not in event_types:
            raise ValueError(
                f"`bought_event_type` must be one of {list(event_types)}, got {bought_event_type!r}; "
                "name the event type that stands for a purchase."
            )
        self.bought_type = list(event_types).index(bought_event_type)
        self._products, self._known_types_only = products, known_types_only
        self._event_types = IdLookup([name.encode() for name in event_types], what="event type")

    def read(self, ids: tf.Tensor, types: tf.Tensor, age_seconds: tf.Tensor) -> History:
        """Looks up histories: string, string and float32, all `(batch, width)`, padded with "" at any place."""
        shape = tf.shape(ids)
        checks = [
            tf.debugging.assert_equal(tf.shape(types), shape, "history_types must have the shape of history_ids"),
            tf.debugging.assert_equal(
                tf.shape(age_seconds), shape, "history_age_seconds must have the shape of history_ids"
            ),
        ]
        # Broadcasting would otherwise give a history of one row to every row of a batch. Everything that is computed
        # waits for the checks, or another op could fail first and with a message about the graph's own insides.
        with tf.control_dependencies(checks):
            ids, types, age_seconds = tf.identity(ids), tf.identity(types), tf.identity(age_seconds)
        product_index, type_index = self._products.index_of(ids), self._event_types.index_of(types)
        if self._known_types_only:
            product_index = tf.where((type_index >= 0) | (types == ""), product_index, -1)
        known_age = tf.math.is_finite(age_seconds) & (age_seconds > 0.0)
        return History(
            products=product_index,
            types=tf.where(type_index >= 0, type_index, self.bought_type),
            age_seconds=tf.where(known_age, age_seconds, 0.0),
        )

    def read_examples(self, serialized: tf.Tensor) -> History:
        """Looks up the histories of serialized tf.Examples.

        Args:
            serialized: string `(batch,)` of tf.Examples with the features history_ids (bytes list),
                history_types (bytes list) and history_age_seconds (float list), each of any length. Types and ages
                belong to the ids at the same places; missing ones are unknown, surplus ones are ignored.
        """
        features = {name: tf.io.RaggedFeature(dtype) for name, dtype in _DTYPES.items()}
        parsed = tf.io.parse_example(serialized, features)
        ids, types, age_seconds = (parsed[name] for name in HISTORY_INPUTS)
        # One column at the least, so that there is something to gather from where all histories are empty.
        shape = tf.maximum(ids.bounding_shape(), [0, 1])
        return self.read(
            ids.to_tensor(default_value="", shape=shape),
            types.to_tensor(default_value="", shape=shape),
            age_seconds.to_tensor(default_value=0.0, shape=shape),
        )


def without_rejections(history: History, rejecting: Sequence[int]) -> tuple[History, tf.Tensor]:
    """Takes the events that reject a product out of histories.

    Args:
        history: Of each user, `(batch, width)`, the newest event last.
        rejecting: Numbers of the event types that reject a product.

    Returns:
        The history without these events, and the rejected products int32 `(batch, width)`, -1 for none: those whose
        latest event is one of these.
    """
    rejects = tf.reduce_any(history.types[..., tf.newaxis] == tf.constant(list(rejecting), tf.int32), axis=-1)
    shape = tf.shape(history.products, out_type=tf.int64)
    keys = tf.cast(history.products, tf.int64) + 1
    rows = tf.range(shape[0])[:, tf.newaxis]
    # Row and product in one number.
    unique, group = tf.unique(tf.reshape(rows * (tf.reduce_max(keys) + 1) + keys, [-1]))
    place = tf.range(shape[0] * shape[1])
    latest = tf.math.unsorted_segment_max(place, group, tf.size(unique))
    is_latest = tf.reshape(tf.gather(latest, group) == place, shape)
    return (
        history._replace(products=tf.where(rejects, -1, history.products)),
        tf.where(rejects & is_latest, history.products, -1),
    )


def history_specs(width: int) -> Specs:
    """Returns the specifications of a history's inputs: string, string and float32, each `(batch, width)`."""
    return {name: tf.TensorSpec([None, width], dtype, name) for name, dtype in _DTYPES.items()}


def latest_events(history: History, latest: int) -> LatestEvents:
    """Keeps the latest known events of each history and closes the holes between them, keeping their order."""
    known = history.products >= 0
    position = tf.cumsum(tf.cast(known, tf.int32), axis=1) - 1
    total = tf.reduce_sum(tf.cast(known, tf.int32), axis=1, keepdims=True)
    slot = position - tf.maximum(total - latest, 0)
    kept = tf.where(known & (slot >= 0))
    batch = tf.shape(known, out_type=tf.int64)[0]
    target = tf.stack([kept[:, 0], tf.cast(tf.gather_nd(slot, kept), tf.int64)], axis=1)
    # Where each slot's event stands in the request, plus one; 0 says that the slot is padding.
    source = tf.scatter_nd(target, kept[:, 1] + 1, tf.stack([batch, tf.constant(latest, tf.int64)]))
    mask = source > 0

    def at_slots(values: tf.Tensor, padding: int | float) -> tf.Tensor:
        return tf.where(mask, tf.gather(values, tf.maximum(source - 1, 0), batch_dims=1), padding)

    age_seconds = at_slots(history.age_seconds, 0.0)
    next_age_seconds = tf.pad(age_seconds[:, 1:], [[0, 0], [0, 1]])
    return LatestEvents(
        products=at_slots(history.products, -1),
        types=at_slots(history.types, 0),
        gap_seconds=tf.maximum(age_seconds - next_age_seconds, 0.0),
        mask=mask,
        count=tf.reduce_sum(tf.cast(mask, tf.int32), axis=1),
    )
