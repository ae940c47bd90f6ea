"""A language model in a served graph: prompts in as texts, what it writes on after them out."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from serving.writing.byte_pairs import tidy


class Pieces(Protocol):
    """A tokenizer whose ops can be served."""

    def tokenize(self, texts: tf.Tensor) -> Any:
        """Returns ragged int32 `(batch, tokens)` of string `(batch,)`."""

    def detokenize(self, token_ids: Any) -> tf.Tensor:
        """Returns string `(batch,)` of ragged int32 `(batch, tokens)`."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How a language model is asked.

    Attributes:
        before: Tokens before a prompt.
        after: Tokens after it.
        ends: Tokens that end a text.
        prompt_tokens: Tokens that a prompt is cut to.
        new_tokens: Tokens of a text at the most.
        variants: Texts that the signature `variants` writes.
    """

    before: Sequence[int]
    after: Sequence[int]
    ends: Sequence[int]
    prompt_tokens: int
    new_tokens: int
    variants: int


class LanguageOps(NamedTuple):
    """A language model as functions of its variables.

    Attributes:
        generate: Of token ids, int32 `(batch, width)`, and which of them are given, bool `(batch, width)`, those at the
            left, the ids with the others written, each the most probable one.
        next_logits: Of the same, float32 `(batch, vocabulary)`: what comes after the given ones.
        variables: What both compute with.
    """

    generate: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    next_logits: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    variables: Sequence[tf.Variable]


class Continued(NamedTuple):
    """What was written after a prompt.

    Attributes:
        texts: string `(batch,)`.
        tokens: Tokens of each, int32 `(batch,)`.
        ended: Whether each has come to an end, bool `(batch,)`.
    """

    texts: tf.Tensor
    tokens: tf.Tensor
    ended: tf.Tensor


class ServedLanguage(tf.Module):
    """Writes on after prompts.

    Args:
        pieces: The tokenizer.
        ops: The language model.
        decoding: How it is asked.
    """

    def __init__(self, pieces: Pieces, ops: LanguageOps, decoding: Decoding) -> None:
        super().__init__(name="language")
        self._pieces, self._language_variables = pieces, list(ops.variables)
        tokens, given = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.bool)
        # Graphs of their own, so that all signatures share them.
        self._generate, self._next_logits = (
            tf.function(each, input_signature=[tokens, given], autograph=False)
            for each in (ops.generate, ops.next_logits)
        )
        # Plain Python, which a module would not track anyway.
        self._decoding: Callable[[], Decoding] = lambda: decoding

    @property
    def variants(self) -> int:
        """How many texts of one prompt are written where several are wanted."""
        return self._decoding().variants

    def prompts(self, texts: tf.Tensor) -> Any:
        """Returns the tokens of prompts, ragged int32 `(batch, tokens)`."""
        decoding = self._decoding()
        rows = tf.shape(texts)[0]
        before, after = (
            tf.tile(tf.constant(list(ids), tf.int32, [1, len(ids)]), [rows, 1])
            for ids in (decoding.before, decoding.after)
        )
        room = decoding.prompt_tokens - len(decoding.before) - len(decoding.after)
        return tf.concat([before, self._pieces.tokenize(texts)[:, :room], after], axis=1)

    def begun(self, prompts: Any, count: int) -> Any:
        """Returns each prompt `count` times, each with another one of the most probable next tokens."""
        dense = prompts.to_tensor()
        logits = self._next_logits(dense, tf.sequence_mask(prompts.row_lengths(), tf.shape(dense)[1]))
        ends = tf.reduce_sum(tf.one_hot(list(self._decoding().ends), tf.shape(logits)[1]), axis=0)
        _, first = tf.math.top_k(tf.where(ends > 0.0, logits.dtype.min, logits), count)
        again = tf.gather(prompts, tf.repeat(tf.range(prompts.nrows()), count))
        return tf.concat([again, tf.reshape(first, [-1, 1])], axis=1)

    def continued(self, begun: Any, usable: tf.Tensor, *, more: int = 0) -> Continued:
        """Writes on after what is begun.

        Args:
            begun: Ragged int32 `(batch, tokens)`.
            usable: bool `(batch,)`: rows that a text is wanted for; others cost nothing of their own.
            more: Tokens at the end of what is begun that are the text's already.
        """
        decoding = self._decoding()
        # All rows are written on from the end of the shortest one: a row that is not wanted repeats the longest.
        lengths = tf.cast(begun.row_lengths(), tf.int32)
        longest = tf.argmax(lengths, output_type=tf.int32)
        rows = tf.where(usable, tf.range(tf.shape(lengths)[0]), longest)
        begun, lengths = tf.gather(begun, rows), tf.gather(lengths, rows)
        width = tf.reduce_max(tf.concat([lengths, [0]], 0)) + decoding.new_tokens - more
        # Not a token that ends a text: it would be taken for the end of this one.
        blank = next(token for token in itertools.count() if token not in decoding.ends)
        dense = begun.to_tensor(default_value=blank)
        dense = tf.pad(dense, [[0, 0], [0, width - tf.shape(dense)[1]]], constant_values=blank)
        given = tf.sequence_mask(lengths, width)
        # Of a batch without any wish nothing is computed.
        ids = tf.cond(tf.reduce_any(usable), lambda: self._generate(dense, given), lambda: dense)
        column = tf.range(width)[tf.newaxis]
        first = (lengths - more)[:, tf.newaxis]
        is_new = (column >= first) & (column < first + decoding.new_tokens)
        is_end = tf.reduce_any(ids[..., tf.newaxis] == tf.constant(list(decoding.ends), tf.int32), axis=2) & is_new
        ended = tf.cumsum(tf.cast(is_end, tf.int32), axis=1) > 0
        written = tf.ragged.boolean_mask(ids, is_new & ~ended)
        tokens = tf.where(usable, tf.cast(written.row_lengths(), tf.int32), 0)
        return Continued(tidy(self._pieces.detokenize(written)), tokens, tf.reduce_any(is_end, axis=1))
