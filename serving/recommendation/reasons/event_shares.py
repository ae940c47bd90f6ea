"""Which products of a history stand behind each part of a score; plain TensorFlow ops."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from serving.graph.history import History
from serving.graph.time_units import WEEK_SECONDS
from serving.recommendation.distinct import first_of_equals
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker
from serving.recommendation.reasons.score_parts import BRAND, KIND, LINEAR, NEIGHBOURS, PRODUCT, RECENT, RULES
from serving.recommendation.user_vectors import DECAY_WEEKS


class EventShares:
    """Tells, for each part that events stand behind, how much of it each product of the history has.

    Of the linear model and of neighbours the shares are exact, as their scores are sums over the products. Of a kind
    and a brand they are the events, fading. Of the latest events, which the user tower reads together, they are
    approximate: how alike each product and the explained one are. Products that speak against it have no share.

    Args:
        index: The item vectors.
        ranker: What is known of kinds, brands, neighbours and rules; None for the parts of vectors only.
        tower_history: Latest events that the user tower reads.
    """

    def __init__(self, index: ItemIndex, ranker: Ranker | None, tower_history: int) -> None:
        self._index, self._ranker, self._tower_history = index, ranker, tower_history

    def shares(self, history: History, products: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Returns the shares by part, each float32 `(batch, width)`, at the first event of a product; 0 at others.

        A row adds up to 1, or to 0 where no product of the history stands behind the part.

        Args:
            history: The whole history of each user, `(batch, width)`.
            products: int32 `(batch,)`, at least 0: the explained ones.
        """
        first = first_of_equals(history.products)
        had, asked = first >= 0, products[:, tf.newaxis]
        fading = fading_events(history)
        found = {
            PRODUCT: tf.cast(first == asked, tf.float32),
            LINEAR: self._alike(history, first, products, self._index.linear_part) * tf.math.log1p(fading),
            RECENT: self._alike(history, first, products, self._index.tower_part)
            * tf.cast(_latest(history, self._tower_history), tf.float32),
        }
        if self._ranker is not None:
            for name, numbers_of in (
                (KIND, self._ranker.features_of.kinds_of),
                (BRAND, self._ranker.features_of.brands_of),
            ):
                wanted = numbers_of(asked)
                same = (numbers_of(tf.maximum(first, 0)) == wanted) & (wanted > 0)
                found[name] = tf.where(same, fading, 0.0)
            found[NEIGHBOURS] = self._ranker.neighbours.nearness(first, products)
            if self._ranker.rules is not None:
                found[RULES] = self._ranker.rules.leading_to(first, products)
        return {name: _scaled(tf.where(had, each, 0.0)) for name, each in found.items()}

    def _alike(
        self, history: History, first: tf.Tensor, products: tf.Tensor, part: Callable[[tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        wanted = part(self._index.items(products))[:, tf.newaxis]
        return tf.nn.relu(tf.reduce_sum(part(self._index.items(first)) * wanted, axis=-1))


def fading_events(history: History) -> tf.Tensor:
    """Adds up, at each event, all events of its product, each of which weighs exp(-age / 20 weeks): `(batch, width)`.

    As the linear model counts them.
    """
    weights = tf.exp(-history.age_seconds / (DECAY_WEEKS * WEEK_SECONDS))
    return tf.linalg.matvec(tf.cast(same_products(history), tf.float32), weights)


def same_products(history: History) -> tf.Tensor:
    """Says of each two events whether they are of the same known product, bool `(batch, width, width)`."""
    products = history.products
    return (products[:, :, tf.newaxis] == products[:, tf.newaxis, :]) & (products >= 0)[:, tf.newaxis, :]


def _latest(history: History, events: int) -> tf.Tensor:
    """Says of each event whether its product is among the latest known events, bool `(batch, width)`."""
    known = tf.cast(history.products >= 0, tf.int32)
    after = tf.cumsum(known, axis=1, exclusive=True, reverse=True)
    return tf.reduce_any(same_products(history) & (after < events)[:, tf.newaxis, :], axis=-1)


def _scaled(values: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(values, tf.reduce_sum(values, axis=1, keepdims=True))
