"""Texts to vectors: a BERT backbone with its tokenizer inside, so that strings go in."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import rows_of
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.fitting.keras_parts import nested_layers
from trainer.fitting.strategy import shapes_must_be_known
from trainer.options import TextOptions
from trainer.progress import Tally
from trainer.text.half_precision import HalfPrecisionStep, multiplies_in_bfloat16
from trainer.text.pretrained import load_pretrained
from trainer.text.tokenizer import TextTokenizer
from trainer.text.unpadded_bert import side_by_side, token_vectors

_ENCODER_FILE = "text_encoder.keras"
_TOKENIZED_AT_ONCE = 8192
# From so many tokens on, a graph in bfloat16 takes back more than the second or two that tracing it costs.
_MANY_TOKENS = 20_000
# Where LoRA's update goes: KerasNLP's own choice, query and value, learns less from more parameters, since Keras gives
# each head of an attention layer an update of its own.
_LORA_LAYERS = ("feedforward_intermediate_dense", "feedforward_output_dense")


@keras.saving.register_keras_serializable(package="shelfwise")
class TextEncoder(keras.Model):
    """Encodes texts: tokens, BERT, mean over the tokens, L2.

    Padding is hardly computed (`trainer.text.unpadded_bert`), so short texts are cheap. What LoRA has learned is merged
    into the weights when the model is saved; the loaded model has no LoRA any more.

    Call arguments:
        texts: string tensor `(batch,)`, UTF-8.

    Returns:
        float32 `(batch, dimensions)` of length 1. An empty text has a vector too, that of [CLS] [SEP].

    Args:
        backbone: A `keras_nlp.models.BertBackbone`.
        tokenizer: The tokenizer of its vocabulary.
        sequence_length: Tokens a text is cut to, [CLS] and [SEP] included.
        layers: How many of the backbone's last layers the mean is taken of, side by side; all where it has fewer. What
            lies below the last one says more of how something is said.
    """

    def __init__(
        self, *, backbone: Any, tokenizer: TextTokenizer, sequence_length: int, layers: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 2 < sequence_length <= backbone.max_sequence_length:
            raise ValueError(
                f"`sequence_length` should be from 3 to {backbone.max_sequence_length}, which is what the backbone "
                f"reads. Received {sequence_length}."
            )
        self.backbone = backbone
        # The mean is taken over the sequence; the vector of [CLS] is not read, so it is not trained.
        backbone.get_layer("pooled_dense").trainable = False
        self.tokenizer = tokenizer
        # A tokenizer has nothing to build, and Keras will not train a model with a part that says it is not built.
        self.tokenizer.built = True
        self.sequence_length = sequence_length
        self.layers_read = min(layers, backbone.num_layers)
        self.dimensions: int = backbone.hidden_dim * self.layers_read
        self.encode_step = self._new_encode_step()
        self._half_step: HalfPrecisionStep | None = None
        self.built = True

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def token_ids(self, texts: Any) -> Any:
        """Tokenizes texts `(batch,)` into ragged int32 `(batch, None)`, [CLS] and [SEP] included, cut to length."""
        tokens = self.tokenizer.tokenize(texts)[:, : self.sequence_length - 2]
        # By places, as to put ragged rows together would be 150 ops of each served graph.
        before = 2 * tf.range(tf.size(tokens.row_splits, tf.int64))
        splits, rows = tokens.row_splits + before, rows_of(tokens)
        flat = tf.fill([splits[-1]], tf.cast(self.tokenizer.sep_token_id, tf.int32))
        starts, cls = splits[:-1, tf.newaxis], tf.fill([tf.size(splits) - 1], self.tokenizer.cls_token_id)
        flat = tf.tensor_scatter_nd_update(flat, starts, cls)
        places = tf.range(tf.size(rows, tf.int64)) + 2 * rows + 1
        flat = tf.tensor_scatter_nd_update(flat, places[:, tf.newaxis], tf.cast(tokens.flat_values, tf.int32))
        return tf.RaggedTensor.from_row_splits(flat, splits, validate=False)

    def encode_tokens(self, token_ids: Any, training: bool = False) -> Any:
        """Encodes int32 `(batch, width)` token ids, padded with the [PAD] id, to float32 `(batch, dimensions)`."""
        mask = tf.not_equal(token_ids, self.tokenizer.pad_token_id)
        if shapes_must_be_known():
            inputs = {"token_ids": token_ids, "segment_ids": tf.zeros_like(token_ids), "padding_mask": mask}
            outputs = self._padded_backbone()(inputs, training=training)
            sequence = tf.cast(side_by_side(tf.nest.flatten(outputs), self.layers_read), tf.float32)
            return tf.math.l2_normalize(tf.reduce_sum(tf.where(mask[..., tf.newaxis], sequence, 0.0), axis=1), axis=-1)
        found = token_vectors(self.backbone, token_ids, mask, training, self.layers_read)
        return found.means(tf.shape(token_ids)[0])

    def _padded_backbone(self) -> Any:
        """Returns the backbone as a function to the outputs of the layers that are read, the last one at the end."""
        read = self.backbone.transformer_layers[-self.layers_read :]
        return keras.Model(self.backbone.input, [layer.output for layer in read])

    def call(self, texts: Any, training: bool = False) -> Any:
        return self.encode_tokens(self.token_ids(texts).to_tensor(self.tokenizer.pad_token_id), training=training)

    def freeze_as(self, options: TextOptions) -> None:
        """Freezes what is not to be trained: nothing for `full`, all for `frozen`.

        For `lora` what stays is a LoRA update of the feed-forward layers' matrices (Hu et al., "LoRA: Low-rank
        adaptation of large language models", ICLR 2022), and all biases and normalisations (Ben Zaken et al., "BitFit",
        ACL 2022).
        """
        if options.training == "full":
            return
        if options.training == "frozen":
            self.trainable = False
            return
        self.backbone.enable_lora(options.lora_rank, target_layer_names=_LORA_LAYERS)
        for layer in nested_layers(self.backbone):
            if isinstance(layer, keras.layers.LayerNormalization):
                layer.trainable = True
            elif isinstance(layer, keras.layers.EinsumDense):  # Those of attention: the matrices stay as they are.
                layer.trainable = True
                layer.kernel.trainable = False
        # A graph that was traced before knows nothing of the update.
        self.encode_step = self._new_encode_step()

    def half_step(self) -> HalfPrecisionStep:
        """Returns what `encode_step` is in bfloat16, with the weights as they are now; traced once."""
        if self._half_step is None:
            self._half_step = HalfPrecisionStep(self.backbone, self.tokenizer.pad_token_id, self.layers_read)
        else:
            self._half_step.assign(self.backbone)
        return self._half_step

    def _new_encode_step(self) -> Any:
        """Returns `encode_tokens` as a graph of its own, traced once for batches of any shape."""
        signature = [tf.TensorSpec([None, None], tf.int32)]
        return tf.function(self.encode_tokens, input_signature=signature, autograph=False)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "sequence_length": self.sequence_length,
            "layers": self.layers_read,
        }

    def reading(self, layers: int) -> "TextEncoder":
        """Returns an encoder of the same weights whose vectors are of so many of the last layers."""
        return TextEncoder(
            backbone=self.backbone, tokenizer=self.tokenizer, sequence_length=self.sequence_length, layers=layers
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextEncoder":
        settings = dict(config)
        backbone = settings["backbone"]
        # In the precision that is in force here: a model that was trained in a mixed one is judged as it is served.
        dtype = keras.saving.serialize_keras_object(keras.config.dtype_policy())
        backbone = {**backbone, "config": {**backbone["config"], "dtype": dtype}}
        settings["backbone"] = keras.saving.deserialize_keras_object(backbone)
        settings["tokenizer"] = keras.saving.deserialize_keras_object(settings["tokenizer"])
        return cls(**settings)


def load_text_encoder(options: TextOptions) -> TextEncoder:
    """Builds the encoder that the options name, with pretrained weights.

    Raises:
        ValueError: The backbone is not to be had, or reads fewer tokens than `options.sequence_length`.
    """
    pretrained = load_pretrained(options.backbone)
    return TextEncoder(
        backbone=pretrained.backbone, tokenizer=pretrained.tokenizer, sequence_length=options.sequence_length
    )


def encoder_to_train(options: TextOptions, trained_uri: str | None = None, layers: int = 1) -> TextEncoder:
    """Returns the encoder that a training begins with, frozen as the options say.

    Args:
        options: Its backbone, and what of it is trained.
        trained_uri: Where `save_trained_encoder` wrote an encoder to start from; None for the options' backbone.
        layers: How many of its last layers the vectors are of.

    Raises:
        ValueError: There is no such encoder, or it cannot be read.
    """
    encoder = load_trained_encoder(trained_uri) if trained_uri else load_text_encoder(options)
    if layers != encoder.layers_read:
        encoder = encoder.reading(layers)
    encoder.freeze_as(options)
    return encoder


def save_trained_encoder(encoder: TextEncoder, model_uri: str) -> None:
    """Writes a trained encoder under `model_uri`, on any filesystem that TensorFlow writes."""
    save_keras(encoder, os.path.join(model_uri, _ENCODER_FILE))


def load_trained_encoder(model_uri: str, optional: bool = False) -> TextEncoder:
    """Loads what `save_trained_encoder` wrote.

    Args:
        model_uri: Where to look.
        optional: Return None where there is none.

    Raises:
        ValueError: There is no encoder, or Keras cannot read it.
    """
    return load_keras(os.path.join(model_uri, _ENCODER_FILE), optional)


def tokenize(
    encoder: TextEncoder, texts: Sequence[str], prepare: Callable[[tf.Tensor], tf.Tensor] = tf.identity
) -> tf.RaggedTensor:
    """Tokenizes many texts into ragged int32 `(texts, None)`, some thousand at a time.

    Args:
        encoder: The encoder.
        texts: The texts; there may be none.
        prepare: What texts, string `(batch,)`, are made before they are tokenized.
    """
    starts = range(0, max(len(texts), 1), _TOKENIZED_AT_ONCE)
    parts = [tf.constant(list(texts[start : start + _TOKENIZED_AT_ONCE]), tf.string) for start in starts]
    return tf.concat([encoder.token_ids(prepare(part)) for part in parts], axis=0)


def encode_texts(
    encoder: TextEncoder, texts: Sequence[str], batch_size: int, tally: Tally | None = None
) -> npt.NDArray[np.float32]:
    """Encodes many texts at once, those of like length together so that little padding is computed.

    Many texts are encoded in bfloat16, where the processor has instructions for it: that takes three fifths of the time
    and turns a vector by a cosine of some 0.99998.

    Args:
        encoder: The encoder; call this on the same one again, so that its graph is traced once.
        texts: Texts, best a thousand or more a call.
        batch_size: Texts a step.
        tally: Counts the texts, where these are some of many; else they are counted by themselves.

    Returns:
        float32 `(texts, dimensions)`, in the order of `texts`.
    """
    if not texts:
        return np.zeros((0, encoder.dimensions), np.float32)
    return encode_token_ids(encoder, encoder.token_ids(tf.constant(list(texts), tf.string)), batch_size, tally)


def encode_token_ids(
    encoder: TextEncoder, token_ids: tf.RaggedTensor, batch_size: int, tally: Tally | None = None
) -> npt.NDArray[np.float32]:
    """Encodes what `TextEncoder.token_ids` returned, as `encode_texts` does."""
    many = int(tf.size(token_ids.flat_values)) >= _MANY_TOKENS
    step = encoder.half_step() if many and multiplies_in_bfloat16() else encoder.encode_step
    order = np.argsort(token_ids.row_lengths().numpy(), kind="stable")
    vectors = np.zeros((len(order), encoder.dimensions), np.float32)
    tally = tally or Tally("texts", len(order))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = tf.gather(token_ids, rows).to_tensor(encoder.tokenizer.pad_token_id)
        vectors[rows] = step(batch).numpy()
        tally.add(len(rows))
    return vectors
