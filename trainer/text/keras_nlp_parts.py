"""What has no public name in KerasNLP and is used nevertheless; no other module uses a private name of KerasNLP."""

import importlib
from types import ModuleType
from typing import Any, NamedTuple

from trainer.fitting.keras_parts import private

_WORD_PIECES = "keras_hub.src.tokenizers.word_piece_tokenizer"


class TransformerParts(NamedTuple):
    """The layers that one of BERT's transformer layers is made of.

    Attributes:
        attention: A `keras.layers.MultiHeadAttention`.
        attention_dropout: After it.
        attention_norm: After that, with what came in added.
        inner: The first layer of the feed-forward network, with its activation.
        outer: The second one.
        outer_dropout: After it.
        outer_norm: After that, with what came in added.
    """

    attention: Any
    attention_dropout: Any
    attention_norm: Any
    inner: Any
    outer: Any
    outer_dropout: Any
    outer_norm: Any


_NAMES = TransformerParts(
    attention="_self_attention_layer",
    attention_dropout="_self_attention_dropout",
    attention_norm="_self_attention_layer_norm",
    inner="_feedforward_intermediate_dense",
    outer="_feedforward_output_dense",
    outer_dropout="_feedforward_dropout",
    outer_norm="_feedforward_layer_norm",
)


def _private(owner: Any, name: str) -> Any:
    return private(owner, name, "keras-hub", __name__)


def transformer_parts(layer: Any) -> TransformerParts:
    """Returns the parts of a `keras_nlp.layers.TransformerEncoder`.

    Raises:
        RuntimeError: KerasNLP calls one of them otherwise now.
    """
    return TransformerParts(*(_private(layer, name) for name in _NAMES))


def attend(attention: Any, query: Any, key: Any, value: Any, mask: Any, training: bool) -> Any:
    """Computes scaled dot-product attention, dropout included.

    Args:
        attention: Of `TransformerParts`.
        query: float `(batch, width, heads, size)`.
        key: Likewise.
        value: Likewise.
        mask: bool `(batch, 1, width)`, false for what is not looked at.
        training: Whether dropout is on.

    Returns:
        float `(batch, width, heads, size)`.

    Raises:
        RuntimeError: Keras calls it otherwise now.
    """
    attended, _ = _private(attention, "_compute_attention")(query, key, value, mask, training=training)
    return attended


def pretokenize(texts: Any) -> Any:
    """Cuts string `(texts,)` into words as a BERT tokenizer does, in whatever spelling; ragged string `(texts, None)`.

    Raises:
        RuntimeError: KerasNLP calls it otherwise now.
    """
    return _private(_word_pieces(), "pretokenize")(texts, lowercase=False, strip_accents=False)


def _word_pieces() -> ModuleType:
    try:
        return importlib.import_module(_WORD_PIECES)
    except ImportError:
        # An empty module has none of the names, which `private` says in words.
        return ModuleType(_WORD_PIECES)
