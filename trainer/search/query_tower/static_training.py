"""Teaches a static tower to give the vectors that the full encoder gives."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.sparse import csr_array

from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.progress import counted
from trainer.search.encoder import SearchEncoder, Vectors, special_tokens
from trainer.search.query_tower.lessons import LessonCounts, Lessons, new_lessons
from trainer.search.query_tower.static_tower import StaticQueryTower, StaticTower
from trainer.search.token_head import token_rarity

logger = logging.getLogger(__name__)

# Of the least squares, as a share of the mean square of what is multiplied.
_RIDGE = 1e-2
# What each row of Adagrad's squares begins with.
_FIRST_SQUARE = 1e-3


class StaticTowerOptions(NamedTuple):
    """How a static tower learns.

    Attributes:
        epochs: Passes over the texts.
        batch_size: Texts a step.
        learning_rate: Peak for the hidden layer (linear warm-up, cosine decay).
        token_learning_rate: The same for the tokens' vectors.
        hidden: Width of the hidden layer.
        asked: Lessons for which the encoder is asked, at the most.
    """

    epochs: int = 3
    batch_size: int = 256
    learning_rate: float = 1e-3
    token_learning_rate: float = 0.03
    hidden: int = 512
    asked: LessonCounts = LessonCounts()


def teach_static_tower(
    encoder: SearchEncoder,
    known: Lessons,
    texts: Sequence[str],
    text_token_ids: tf.RaggedTensor,
    options: StaticTowerOptions,
    seed: int,
) -> StaticQueryTower:
    """Returns a tower whose vectors of queries are close to those of a trained encoder.

    A token's vector begins as what a linear map makes of the encoder's own embeddings of it, the best such map for all
    lessons: so a token that no lesson has gets a sensible vector too. Rare tokens weigh more. Then the vectors and the
    hidden layer learn to make the cosine with the encoder's vectors 1 (compare Tulkens and van Dongen, "Tokenlearn",
    2024): the hidden layer by AdamW, and the tokens of each batch by Adagrad with one square a row (Duchi et al.,
    "Adaptive subgradient methods", JMLR 2011; by rows as in Naumov et al., "DLRM", 2019).

    Time and memory grow with the lessons, not with the catalogue.

    Args:
        encoder: The full one, after training; it is not changed.
        known: Texts whose vectors are known: queries, and some products.
        texts: Distinct texts of products, of parts of which the encoder makes more lessons.
        text_token_ids: int32 `(texts, None)`: they say how rare each token is.
        options: How much is learned.
        seed: Of the sampled texts and of the order.
    """
    random = np.random.default_rng(seed)
    lessons = known.join(new_lessons(encoder, texts, known.token_ids, options.asked, options.batch_size, random))
    embeddings = encoder.text_encoder.backbone.token_embedding.embeddings.numpy()
    rarity = token_rarity(text_token_ids, len(embeddings), special_tokens(encoder.text_encoder))
    if encoder.head is not None:
        embeddings = np.concatenate([embeddings, encoder.head.token_embedding.embeddings.numpy()], axis=1)
    tower = StaticTower(
        dimensions=encoder.text_encoder.dimensions, vocabulary_size=len(embeddings), hidden=options.hidden
    )
    tower.token_vectors.embeddings.assign(_best_linear_map(lessons, rarity, embeddings))
    steps = -(-len(lessons) // options.batch_size) * options.epochs
    teaching = _Teaching(tower, lessons, rarity, options, steps)
    for epoch in range(options.epochs):
        order = random.permutation(len(lessons)).astype(np.int32)
        batches = counted(np.array_split(order, steps // options.epochs), "steps", steps // options.epochs)
        cosine = 1.0 - np.mean([float(teaching.step(tf.constant(rows))) for rows in batches])
        logger.info("Static query tower, epoch %d: mean cosine %.4f", epoch + 1, cosine)
    tower.token_vectors.embeddings.assign(tower.token_vectors.embeddings * rarity[:, np.newaxis])
    return StaticQueryTower(encoder.text_encoder, tower)


def _best_linear_map(lessons: Lessons, rarity: npt.NDArray[np.float32], embeddings: Vectors) -> Vectors:
    """Returns `embeddings @ M` for the M that brings the weighed sums of the lessons' tokens nearest to their vectors.

    Least squares with a little ridge.

    Args:
        lessons: The texts.
        rarity: float32 `(vocabulary,)`: the weight of each token, by which a text's weights have length 1.
        embeddings: float32 `(vocabulary, width)`.
    """
    tokens = lessons.token_ids.flat_values.numpy()
    splits = lessons.token_ids.row_splits.numpy()
    weights = rarity[tokens]
    lengths = np.sqrt(np.bincount(lessons.rows(), weights**2, len(lessons)))
    weights = weights / np.maximum(np.repeat(lengths, np.diff(splits)), 1e-9)
    sums = csr_array((weights.astype(np.float32), tokens, splits), shape=(len(lessons), len(rarity))) @ embeddings
    squares = sums.T @ sums
    squares[np.diag_indices_from(squares)] += _RIDGE * np.trace(squares) / len(squares)
    return np.asarray(embeddings @ np.linalg.solve(squares, sums.T @ lessons.vectors), np.float32)


class _Teaching(tf.Module):
    """One step of learning, traced once."""

    def __init__(
        self,
        tower: StaticTower,
        lessons: Lessons,
        rarity: npt.NDArray[np.float32],
        options: StaticTowerOptions,
        steps: int,
    ) -> None:
        super().__init__()
        self._tower, self._token_ids, self._vectors = tower, lessons.token_ids, tf.constant(lessons.vectors)
        self._rarity = tf.constant(rarity)
        self._optimizer = adamw(warm_up_and_decay(options.learning_rate, steps))
        self._token_rate = warm_up_and_decay(options.token_learning_rate, steps)
        self._hidden: list[keras.Variable] = [*tower.inner.trainable_variables, *tower.outer.trainable_variables]
        self._optimizer.build(self._hidden)
        self._token_vectors: tf.Variable = tower.token_vectors.embeddings.value
        self._squares = tf.Variable(tf.fill([tower.vocabulary_size, 1], _FIRST_SQUARE), trainable=False)
        self.step = tf.function(self._step, input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)

    def _step(self, batch: tf.Tensor) -> tf.Tensor:
        token_ids = tf.gather(self._token_ids, batch)
        tokens, rows, texts = token_ids.flat_values, token_ids.value_rowids(), token_ids.nrows()
        weights = tf.gather(self._rarity, tokens)
        length = tf.sqrt(tf.math.unsorted_segment_sum(tf.square(weights), rows, texts))
        # Weights of length 1, so that a step changes rare and frequent tokens alike.
        weights = tf.math.divide_no_nan(weights, tf.gather(length, rows))[:, tf.newaxis]
        summed = tf.math.unsorted_segment_sum(tf.gather(self._token_vectors, tokens) * weights, rows, texts)
        hidden = [variable.value for variable in self._hidden]
        with tf.GradientTape() as tape:
            tape.watch(summed)
            cosines = tf.reduce_sum(self._tower.finish(summed) * tf.gather(self._vectors, batch), axis=1)
            loss = tf.reduce_mean(1.0 - cosines)
        by_sum, *gradients = tape.gradient(loss, [summed, *hidden])
        rate = self._token_rate(self._optimizer.iterations)
        self._optimizer.apply_gradients(zip(gradients, self._hidden, strict=True))
        # Only the rows of tokens that are there are touched, each once.
        distinct, places = tf.unique(tokens)
        by_token = tf.gather(by_sum, rows) * weights * tf.cast(texts, tf.float32)
        gradient = tf.math.unsorted_segment_sum(by_token, places, tf.size(distinct))
        squares = tf.gather(self._squares, distinct) + tf.reduce_mean(tf.square(gradient), axis=1, keepdims=True)
        self._squares.scatter_update(tf.IndexedSlices(squares, distinct))
        self._token_vectors.scatter_sub(tf.IndexedSlices(rate * gradient / tf.sqrt(squares), distinct))
        return loss
