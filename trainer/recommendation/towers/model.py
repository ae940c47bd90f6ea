"""The Keras model that trains both towers together."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.softmax_model import Losses, SoftmaxModel
from trainer.fitting.strategy import shapes_must_be_known
from trainer.recommendation.options import TrainingOptions
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_tower import PRODUCT_INDEX, TEXT_VECTOR
from trainer.recommendation.towers.live_text import LiveTexts
from trainer.recommendation.towers.log_sum_exp import weighted_log_sum_exp
from trainer.recommendation.towers.towers import Towers
from trainer.workers.exchange import first_row, gathered, replicas, shared_out


class _Pool(NamedTuple):
    """The products that a step compares with.

    Attributes:
        products: int32 `(n,)`, distinct; None for the whole catalogue.
        places: int32, the place in `products` of each product of the batch.
        offsets: float32 `(n,)` to be added to their scores; None where they are the whole catalogue.
    """

    products: Any | None
    places: Any
    offsets: Any | None


class TwoTower(SoftmaxModel):
    """Both towers and their loss; what is saved is the towers, never this model.

    A step reads each history once, and at every event that products are known to follow, tells these from all other
    products by a softmax. Where the catalogue has more than `options.compared_products`, others are those that the
    batch names anyway and as many random ones.

    For a user u after an event, the products t that followed with weights w, and products c that are in a step with
    probability p(c), the loss is the mean, weighed by w, of
    `log(sum_c exp(u.c) / p(c)) - u.t`. To divide by p is the logQ correction (Yi et al.,
    "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019). With label smoothing
    a part of what u.t stands for goes to the mean of all u.c (Szegedy et al., CVPR 2016).

    While the backbone is trained, only products that followed are compared: each of them is encoded anew.

    Args:
        towers: The towers to train; `towers.text_encoder` too, if `live_texts` is given.
        items: The catalogue's features.
        target_counts: float `(products,)`; how often each product is a target, for the logQ correction.
        options: Label smoothing, products to compare with and the weight of repeated products.
        seed: Of the random products.
        live_texts: The texts, where the backbone is trained.
    """

    def __init__(
        self,
        towers: Towers,
        items: ItemFeatures,
        target_counts: npt.NDArray[np.float64],
        options: TrainingOptions,
        seed: int = 0,
        live_texts: LiveTexts | None = None,
    ) -> None:
        super().__init__(name="two_tower")
        self.item_tower = towers.item_tower
        self.user_tower = towers.user_tower
        self.text_encoder = towers.text_encoder
        self._live_texts = live_texts
        self._options, self._seed = options, seed
        tables = items.inputs()
        if live_texts is not None:
            tables.pop(TEXT_VECTOR, None)
        self._tables = {name: tf.Variable(value, trainable=False) for name, value in tables.items()}
        self._products = len(items)
        shares = target_counts / max(float(target_counts.sum()), 1.0)
        self._shares = tf.Variable(shares.astype(np.float32), trainable=False)

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a share of a batch of windows as `training_windows.parse_windows` makes them has lost.

        All replicas compare with the same products, which are those of the whole batch; each embeds a part of them.
        """
        history, targets = batch["history_index"], tf.reshape(batch["target_index"], [-1])
        events = tf.size(history)
        if self._live_texts is None:
            named = self._pool(tf.concat([tf.reshape(history, [-1]), targets], axis=0), random=True)
            read, target_places = named.places[:events], named.places[events:]
            candidates, offsets = self._embed_shared(named.products, live=False, training=training), named.offsets
            history_vectors = candidates
        else:
            distinct, read = tf.unique(tf.reshape(history, [-1]))
            history_vectors = self._embed(distinct, live=False, training=training)
            followed = self._pool(targets, random=False)
            target_places, offsets = followed.places, followed.offsets
            candidates = self._embed_shared(followed.products, live=True, training=training)
        width, dimensions = tf.shape(history)[1], candidates.shape[-1]
        users = self.user_tower(
            tf.reshape(tf.gather(history_vectors, read), [-1, width, dimensions]),
            batch["history_type"],
            batch["gap_seconds"],
            tf.sequence_mask(batch["history_length"], width),
            training=training,
        )
        users = tf.reshape(users, [-1, dimensions])
        weights = self._weights(batch)
        row = tf.range(tf.shape(history)[0])[:, tf.newaxis]
        places = tf.reshape(row * width + batch["query_position"], [-1])
        return self._softmax(users, places, candidates, target_places, weights, offsets)

    def remembered(self) -> list[Any]:
        """Returns all variables that a training changes; the table of texts lags behind the backbone."""
        return [*super().remembered(), *([] if self._live_texts is None else [self._live_texts.table])]

    def _softmax(
        self, users: Any, places: Any, items: Any, target_places: Any, weights: Any, offsets: Any | None
    ) -> Losses:
        """Returns the losses of pairs of a user `users[places]` and a product `items[target_places]`."""
        by_user = tf.math.unsorted_segment_sum(weights, places, tf.shape(users)[0])
        asked = tf.range(tf.shape(users)[0]) if shapes_must_be_known() else tf.where(by_user > 0.0)[:, 0]
        queries, query_weights = tf.gather(users, asked), tf.gather(by_user, asked)
        sums = weighted_log_sum_exp(
            tf.cast(queries, self.compute_dtype), tf.cast(items, self.compute_dtype), query_weights, offsets
        )
        # The vectors that were right, and all of them, are summed up first: one product for each user is left.
        right = tf.math.unsorted_segment_sum(
            tf.gather(items, target_places) * weights[:, tf.newaxis], places, tf.shape(users)[0]
        )
        smoothing = self._options.label_smoothing
        wanted = (1.0 - smoothing) * right + smoothing * by_user[:, tf.newaxis] * tf.reduce_mean(items, axis=0)
        return Losses(sums - tf.reduce_sum(users * wanted), tf.reduce_sum(weights))

    def _pool(self, named: Any, random: bool) -> _Pool:
        """Returns the distinct products of int32 `(n,)` products that a batch names; with others, or all, if `random`.

        A product is among them by the share it has in what followed, or by chance.
        """
        drawn = self._options.compared_products
        if random and drawn >= self._products:
            return _Pool(None, named, None)
        first, own = first_row(named), tf.size(named)
        named = gathered(named)
        rate = tf.cast(tf.size(named), tf.float32) * self._shares
        if random:
            # The same on all replicas, and the same again where a training goes on.
            seed = [self._seed, tf.cast(self.optimizer.iterations, tf.int32)]
            others = tf.random.stateless_uniform([drawn], seed, maxval=self._products, dtype=tf.int32)
            products, places = tf.unique(tf.concat([named, others], axis=0))
            rate += drawn / self._products
        else:
            products, places = tf.unique(named)
        # One that followed nothing is named once at the most.
        chance = -tf.math.expm1(-tf.maximum(tf.gather(rate, products), 1e-6))
        return _Pool(products, places[first : first + own], -tf.math.log(chance))

    def _embed_shared(self, products: Any | None, live: bool, training: bool) -> Any:
        """Embeds products that are the same on all replicas, None for the whole catalogue."""
        if replicas() == 1:
            return self._embed(products, live, training)
        rows = tf.range(self._products) if products is None else products
        return shared_out(lambda part: self._embed(part, live, training), rows)

    def _embed(self, products: Any | None, live: bool, training: bool) -> Any:
        if products is None:
            whole = {name: table.value() for name, table in self._tables.items() if name != PRODUCT_INDEX}
            return self.item_tower(whole, training=training)
        inputs = {name: tf.gather(table, products) for name, table in self._tables.items()}
        if self._live_texts is not None:
            inputs[TEXT_VECTOR] = (
                self._live_texts.live_vectors(products, training) if live else self._live_texts.table_vectors(products)
            )
        return self.item_tower(inputs, training=training)

    def _weights(self, batch: dict[str, Any]) -> Any:
        """Returns the weight of each pair, float32 `(pairs,)`; 0 in padding."""
        weights = batch["target_weight"]
        if self._options.repeat_weight != 1.0:
            history, positions = batch["history_index"], batch["query_position"]
            before = tf.range(tf.shape(history)[1]) <= positions[:, :, tf.newaxis]
            same = history[:, tf.newaxis, :] == batch["target_index"][:, :, tf.newaxis]
            repeated = tf.reduce_any(same & before, axis=2)
            weights = tf.where(repeated, weights * self._options.repeat_weight, weights)
        return tf.reshape(weights, [-1])
