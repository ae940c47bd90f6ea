"""A causal language model of KerasHub's with its tokenizer: as it is trained, and as ops of a served graph."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_nlp
import tensorflow as tf

from serving.writing.byte_pairs import BytePairs
from serving.writing.language import LanguageOps, Pieces
from trainer.fitting.keras_parts import nested_layers
from trainer.writing.decoder import Decoder, can_decode, keras_hub_ops
from trainer.writing.gguf_folder import GGUF_ENDING, converted_folder
from trainer.writing.language_files import language_files

# What stands before the first piece of a word.
_WORD_BEGINNINGS = ("Ġ", "▁")


@dataclass(frozen=True)
class LanguageModel:
    """A language model.

    Attributes:
        model: A `keras_nlp.models.CausalLM`.
        tokenizer: KerasHub's tokenizer of its vocabulary.
    """

    model: Any
    tokenizer: Any

    def pieces(self) -> Pieces:
        """Returns the tokenizer as ops that can be served."""
        if isinstance(self.tokenizer, keras_nlp.tokenizers.BytePairTokenizer):
            # KerasHub's own keeps all words that it has seen in a table that only grows.
            vocabulary = dict(self.tokenizer.vocabulary)
            return BytePairs(vocabulary, list(self.tokenizer.merges), sorted(self.special_tokens().values()))
        return _TokenizerPieces(self.tokenizer)

    def special_tokens(self) -> dict[str, int]:
        """Returns the ids of the tokens that stand for something else than a text."""
        tokens = dict.fromkeys(self.tokenizer.special_tokens)
        return {token: int(self.tokenizer.token_to_id(token)) for token in tokens if token is not None}

    def ends(self) -> tuple[int, ...]:
        """Returns the ids of the tokens that end a text."""
        ids = (getattr(self.tokenizer, name, None) for name in ("end_token_id", "end_token2_id"))
        return tuple(dict.fromkeys(int(each) for each in ids if each is not None))

    def ids_with_special(self, text: str) -> tuple[int, ...]:
        """Returns the tokens of a text in which special tokens stand for themselves."""
        special, pieces = self.special_tokens(), self.pieces()
        split = re.split("(" + "|".join(map(re.escape, special)) + ")", text) if special else [text]
        ids: list[int] = []
        for part in filter(None, split):
            ids += [special[part]] if part in special else pieces.tokenize(tf.constant([part]))[0].numpy().tolist()
        return tuple(ids)

    def common_words(self) -> list[str]:
        """Returns the lower-case words that the vocabulary has whole."""
        tokens = self.tokenizer.get_vocabulary()
        begun = (str(token)[1:] for token in tokens if str(token).startswith(_WORD_BEGINNINGS))
        return sorted({word for word in begun if word.isalpha() and word == word.lower()})

    def logits(self, token_ids: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(batch, width, vocabulary)` of int32 ids and bool `(batch, width)`: what comes next."""
        return tf.cast(self.model({"token_ids": token_ids, "padding_mask": given}), tf.float32)

    def ops(self, prefix: Sequence[int] = ()) -> LanguageOps:
        """Returns what is served, for prompts that all begin with the same tokens."""
        if can_decode(self.model):
            decoder = Decoder(self.model, self.ends(), prefix)
            return LanguageOps(decoder.generate, decoder.next_logits, decoder.variables)
        return keras_hub_ops(self.model, self.ends())

    def merge_lora(self, source: "LanguageModel") -> None:
        """Takes the weights of a model of the same kind that LoRA has trained, its update put into them."""
        ours, theirs = (
            [self_layer for self_layer in nested_layers(each.model.backbone) if not nested_layers(self_layer)]
            for each in (self, source)
        )
        for own, trained in zip(ours, theirs, strict=True):
            if getattr(trained, "lora_enabled", False):
                own.kernel.assign(keras.ops.convert_to_tensor(trained.kernel))


class _TokenizerPieces(tf.Module):
    """A tokenizer of KerasHub's whose ops can be served as they are, such as one of SentencePiece."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(name="pieces")
        self._tokenizer = tokenizer

    def tokenize(self, texts: tf.Tensor) -> Any:
        return tf.cast(self._tokenizer.tokenize(texts), tf.int32)

    def detokenize(self, token_ids: Any) -> tf.Tensor:
        return self._tokenizer.detokenize(token_ids)


def load_language_model(source: str, cache: Path | None = None) -> LanguageModel:
    """Loads a language model with its weights, and its tokenizer.

    Args:
        source: As `LanguageModelOptions.model` has it.
        cache: Where GGUF files are converted to; None for the user's cache folder.

    Raises:
        ValueError: There is no such model, it cannot be downloaded, or it is none that KerasHub knows.
    """
    path = language_files(source)
    if path is not None and path.suffix == GGUF_ENDING:
        path = converted_folder(path, cache or cache_folder())
    name = source if path is None else str(path)
    try:
        model = keras_nlp.models.CausalLM.from_preset(name, preprocessor=None)
        tokenizer = keras_nlp.tokenizers.Tokenizer.from_preset(name)
    # Without a network each of KerasHub's download backends fails in its own way.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"Language model `{source}` should be a causal language model that KerasHub loads. That failed: {reason}"
        ) from error
    return LanguageModel(model, tokenizer)


def cache_folder() -> Path:
    """Returns the folder of models that were converted on this machine."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shelfwise" / "models"
