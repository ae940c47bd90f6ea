"""The Keras model that trains both towers together."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.softmax_model import SoftmaxModel
from trainer.recommendation.options import TrainingOptions
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_tower import TEXT_VECTOR
from trainer.recommendation.towers.live_text import LiveTexts
from trainer.recommendation.towers.losses import InBatchSoftmax
from trainer.recommendation.towers.towers import Towers


class TwoTower(SoftmaxModel):
    """Both towers and their loss; what is saved is the towers, never this model.

    A step embeds each product of its batch once, reads the histories with the user tower, draws
    `pairs_per_batch` (history, next product) pairs, and takes the in-batch softmax over their targets.

    Args:
        towers: The towers to train; `towers.text_encoder` too, if `live_texts` is given.
        items: The catalogue's features.
        target_counts: float `(products,)`; how often each product is a target, for the logQ correction.
        options: Temperature, pairs a batch and the weight of repeated products.
        replicas: Replicas that a batch is divided over.
        live_texts: The texts, where the backbone is trained.
    """

    def __init__(
        self,
        towers: Towers,
        items: ItemFeatures,
        target_counts: npt.NDArray[np.float64],
        options: TrainingOptions,
        replicas: int = 1,
        live_texts: LiveTexts | None = None,
    ) -> None:
        super().__init__(replicas, name="two_tower")
        self.item_tower = towers.item_tower
        self.user_tower = towers.user_tower
        self.text_encoder = towers.text_encoder
        self._live_texts = live_texts
        self._pairs = max(1, options.pairs_per_batch // replicas)
        self._repeat_weight = options.repeat_weight
        self._softmax = InBatchSoftmax(options.temperature)
        tables = items.inputs()
        if live_texts is not None:
            tables.pop(TEXT_VECTOR, None)
        self._tables = {name: tf.Variable(value, trainable=False) for name, value in tables.items()}
        # A product that is never a target is drawn as one less often than any that is. The most frequent gets 1:
        # TFRS clips what is under a millionth.
        counts = np.maximum(target_counts, 0.5)
        self._probabilities = tf.Variable((counts / counts.max()).astype(np.float32), trainable=False)

    def softmax_loss(self, batch: dict[str, Any], training: bool) -> Any:
        """Returns the loss of a batch of windows as `training_windows.parse_windows` makes them, a float32 scalar."""
        windows, history = batch, batch["history_index"]
        rows, positions, targets, weights = self._draw_pairs(windows)
        products, places = tf.unique(tf.concat([tf.reshape(history, [-1]), targets], axis=0))
        vectors = self._embed(products, live=False, training=training)
        history_vectors = tf.reshape(
            tf.gather(vectors, places[: tf.size(history)]), [*tf.unstack(tf.shape(history)), vectors.shape[-1]]
        )
        valid = tf.sequence_mask(windows["history_length"], tf.shape(history)[1])
        users = self.user_tower(
            history_vectors, windows["history_type"], windows["gap_seconds"], valid, training=training
        )
        queries = tf.gather_nd(users, tf.stack([rows, positions], axis=1))
        if self._live_texts is None:
            candidates = tf.gather(vectors, places[tf.size(history) :])
        else:
            candidates = self._embed(targets, live=True, training=training)
        return self._softmax(queries, candidates, targets, tf.gather(self._probabilities, targets), weights)

    def _embed(self, products: Any, live: bool, training: bool) -> Any:
        inputs = {name: tf.gather(table, products) for name, table in self._tables.items()}
        if self._live_texts is not None:
            inputs[TEXT_VECTOR] = (
                self._live_texts.live_vectors(products, training) if live else self._live_texts.table_vectors(products)
            )
        return self.item_tower(inputs, training=training)

    def _draw_pairs(self, windows: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
        """Draws pairs without replacement: row, position, target int32 `(pairs,)` and weight float32 `(pairs,)`."""
        weights = windows["target_weight"]
        keys = tf.where(weights > 0.0, tf.random.uniform(tf.shape(weights)), -1.0)
        # At least one, though its weight be 0: TFRS cannot take an empty batch.
        found = tf.maximum(tf.math.count_nonzero(weights > 0.0, dtype=tf.int32), 1)
        chosen = tf.math.top_k(tf.reshape(keys, [-1]), tf.minimum(found, self._pairs), sorted=False).indices
        rows = chosen // tf.shape(weights)[1]
        positions = tf.gather(tf.reshape(windows["query_position"], [-1]), chosen)
        targets = tf.gather(tf.reshape(windows["target_index"], [-1]), chosen)
        drawn = tf.gather(tf.reshape(weights, [-1]), chosen)
        if self._repeat_weight != 1.0:
            history = tf.gather(windows["history_index"], rows)
            before = tf.range(tf.shape(history)[1])[None, :] <= positions[:, None]
            repeated = tf.reduce_any((history == targets[:, None]) & before, axis=1)
            drawn = tf.where(repeated, drawn * self._repeat_weight, drawn)
        return rows, positions, targets, drawn
