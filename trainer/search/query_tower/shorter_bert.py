"""A BERT of fewer layers for queries, taught by the one that reads products."""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.search.encoder import SearchEncoder
from trainer.search.query_tower.text_parts import text_parts
from trainer.text.backbone import TextEncoder

logger = logging.getLogger(__name__)


class DistillationOptions(NamedTuple):
    """How the smaller BERT learns.

    Attributes:
        layers: Its layers.
        epochs: Passes over the texts.
        batch_size: Texts a step.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
        max_texts: Parts of titles at the most, beside the queries.
    """

    layers: int
    epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 3e-4
    max_texts: int = 10_000


def distil_query_tower(
    encoder: SearchEncoder,
    queries: Sequence[str],
    texts: Sequence[str],
    options: DistillationOptions,
    seed: int,
) -> SearchEncoder:
    """Returns an encoder of fewer layers whose vectors of queries are close to those of a trained one.

    It starts with some of the layers and all embeddings of the full BERT (Sanh et al., "DistilBERT", 2019), and learns
    to make the cosine with the full encoder's vectors 1, for queries and for parts of product texts that stand for
    queries. Embeddings and head stay as they are, and the full encoder's vectors of products remain what is searched.

    Memory and time grow with the queries and `max_texts`, not with the catalogue.

    Args:
        encoder: The full one, after training; it is not changed.
        queries: Queries to learn from.
        texts: Distinct texts of products.
        options: How much is learned.
        seed: Of the sampled texts and of the order.

    Raises:
        ValueError: The full BERT does not have more layers.
    """
    random = np.random.default_rng(seed)
    student = SearchEncoder(fewer_layers(encoder.text_encoder, options.layers), encoder.head)
    learned = [*queries, *text_parts(texts, options.max_texts, random)]
    token_ids = encoder.token_ids(learned)
    targets = encoder.embed(learned, options.batch_size)
    steps = -(-len(learned) // options.batch_size)
    schedule = warm_up_and_decay(options.learning_rate, steps * options.epochs)
    distillation = _Distillation(student, adamw(schedule))
    for epoch in range(options.epochs):
        losses = [
            distillation.step(
                tf.gather(token_ids, rows).to_tensor(student.text_encoder.tokenizer.pad_token_id), targets[rows]
            )
            for rows in _batches(len(learned), options.batch_size, random)
        ]
        logger.info("Query tower, epoch %d: mean cosine %.4f", epoch + 1, 1.0 - np.mean(losses))
    return student


def fewer_layers(full: TextEncoder, layers: int) -> TextEncoder:
    """Returns a text encoder with copies of the embeddings and of `layers` evenly spaced layers of a full one.

    Raises:
        ValueError: The full one does not have more layers.
    """
    backbone = full.backbone
    if not 1 <= layers < backbone.num_layers:
        raise ValueError(
            f"`query_layers` should be from 1 to {backbone.num_layers - 1}, as the backbone has {backbone.num_layers} "
            f"layers. Received {layers}."
        )
    short = type(backbone).from_config(
        {**backbone.get_config(), "num_layers": layers, "name": f"query_{backbone.name}"}
    )
    kept = np.linspace(0, backbone.num_layers - 1, layers).round().astype(int)
    parts = ("token_embedding", "position_embedding", "segment_embedding", "embeddings_layer_norm")
    pairs = [(getattr(short, name), getattr(backbone, name)) for name in parts]
    pairs += [(short.transformer_layers[place], backbone.transformer_layers[layer]) for place, layer in enumerate(kept)]
    for new, old in pairs:
        new.set_weights(old.get_weights())
    return TextEncoder(backbone=short, tokenizer=full.tokenizer, sequence_length=full.sequence_length)


class _Distillation(tf.Module):
    """One step of learning, traced once for batches of any shape."""

    def __init__(self, student: SearchEncoder, optimizer: keras.optimizers.Optimizer) -> None:
        super().__init__()
        self._text_encoder, self._head = student
        self._optimizer = optimizer
        backbone = self._text_encoder.backbone
        # The layers are what is missing; embeddings would be most of what the optimizer has to move.
        self._variables = []
        for layer in backbone.transformer_layers:
            layer.trainable = True  # A copy of a BERT that stayed as it was begins otherwise.
            self._variables += layer.trainable_variables
        optimizer.build(self._variables)
        tokens = tf.TensorSpec([None, None], tf.int32)
        vectors = tf.TensorSpec([None, backbone.hidden_dim], tf.float32)
        self.step = tf.function(self._step, input_signature=[tokens, vectors], autograph=False)

    def _step(self, token_ids: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            # Without dropout: there is a right answer for every text, and there are as many texts as are wanted.
            vectors = self._text_encoder.encode_tokens(token_ids)
            if self._head is not None:
                vectors = self._head(vectors, token_ids)
            loss = tf.reduce_mean(1.0 - tf.reduce_sum(vectors * targets, axis=1))
        weights = [variable.value for variable in self._variables]
        self._optimizer.apply_gradients(zip(tape.gradient(loss, weights), self._variables, strict=True))
        return loss


def _batches(rows: int, batch_size: int, random: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    order = random.permutation(rows)
    for start in range(0, rows, batch_size):
        yield order[start : start + batch_size]
