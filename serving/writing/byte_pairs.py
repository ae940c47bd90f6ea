"""Byte-pair encoding in the graph: texts to token ids and back, without a table that grows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

# GPT-2's split into words, for texts whose white space is tidy: no look-ahead is needed then, which RE2 has none of.
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s"
_NO_RANK = np.iinfo(np.int32).max
_NOTHING = -1


class BytePairs(tf.Module):
    """Cuts texts into byte pairs as GPT-2 does (Sennrich et al., ACL 2016; Radford et al., 2019), in plain ops.

    Special tokens are never found in a text: whoever writes `<|im_end|>` writes a few signs.

    Args:
        vocabulary: Id of each token, bytes written as GPT-2 writes them.
        merges: Pairs of tokens with a blank between, those that are merged first before others.
        special_ids: Tokens that no text is made of.
    """

    def __init__(self, vocabulary: Mapping[str, int], merges: Sequence[str], special_ids: Sequence[int]) -> None:
        super().__init__(name="byte_pairs")
        signs = byte_signs()
        self._size = max(vocabulary.values()) + 1
        by_byte = [vocabulary.get(sign, _NOTHING) for sign in signs]
        self._byte_ids = tf.Variable(by_byte, trainable=False, name="byte_ids", dtype=tf.int32)
        pairs = [tuple(merge.split(" ")) for merge in merges if not merge.startswith("#version")]
        keys = [vocabulary[left] * self._size + vocabulary[right] for left, right in pairs]
        self._ranks = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(keys, tf.int64), tf.constant(np.arange(len(keys), dtype=np.int32))
            ),
            _NO_RANK,
        )
        merged = [vocabulary[left + right] for left, right in pairs]
        self._merged = tf.Variable(merged, trainable=False, name="merged_ids", dtype=tf.int32)
        bytes_of = {sign: byte for byte, sign in enumerate(signs)}
        texts = [b""] * self._size
        for token, place in vocabulary.items():
            if place not in special_ids:
                texts[place] = bytes(bytes_of[sign] for sign in token)
        self._texts = tf.Variable(texts, trainable=False, name="token_texts", dtype=tf.string)

    def tokenize(self, texts: tf.Tensor) -> Any:
        """Returns ragged int32 `(batch, tokens)` of texts, string `(batch,)` as `tidy` returns them."""
        words = tf_text.regex_split(texts, _WORDS, _WORDS)
        distinct, places = tf.unique(words.flat_values)
        tokens = tf.gather(self._tokens_of(distinct), places)
        return words.with_flat_values(tokens).merge_dims(1, 2)

    def detokenize(self, token_ids: Any) -> tf.Tensor:
        """Returns string `(batch,)` of ragged int32 `(batch, tokens)`; a character that is not whole is left out."""
        texts = tf.strings.reduce_join(token_ids.with_flat_values(tf.gather(self._texts, token_ids.flat_values)), 1)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="ignore")

    def _tokens_of(self, words: tf.Tensor) -> Any:
        """Merges the bytes of each word, the pair of the lowest rank first; ragged int32 `(words, tokens)`."""
        lengths = tf.strings.length(words)
        # One column more, so that a pair always has a right side, and there is one even where no word is.
        width = tf.reduce_max(tf.concat([lengths, [1]], 0)) + 1
        codes = tf.cast(tf.io.decode_raw(words, tf.uint8, fixed_length=width), tf.int32)
        is_byte = tf.sequence_mask(lengths, width)
        ids = tf.where(is_byte, tf.gather(self._byte_ids, codes), _NOTHING)
        _, ids = tf.while_loop(
            lambda going, _: going,
            self._merge_once,
            (tf.constant(True), ids),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None])),
        )
        return tf.ragged.boolean_mask(ids, ids != _NOTHING)

    def _merge_once(self, _: tf.Tensor, ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        left, right = ids[:, :-1], ids[:, 1:]
        keys = tf.cast(left, tf.int64) * self._size + tf.cast(right, tf.int64)
        ranks = self._ranks.lookup(tf.where((left >= 0) & (right >= 0), keys, _NOTHING))
        best = tf.reduce_min(ranks, axis=1)
        place = tf.argmin(ranks, axis=1, output_type=tf.int32)[:, tf.newaxis]
        found = best[:, tf.newaxis] != _NO_RANK
        merged = tf.gather(self._merged, tf.where(found, best[:, tf.newaxis], 0))
        column = tf.range(tf.shape(ids)[1])[tf.newaxis]
        moved = tf.pad(right, [[0, 0], [0, 1]], constant_values=_NOTHING)
        after = tf.where(column < place, ids, tf.where(column == place, merged, moved))
        return tf.reduce_any(found), tf.where(found, after, ids)


def tidy(texts: tf.Tensor) -> tf.Tensor:
    """Returns texts with single blanks, none beside a line's end or at an end of the text, and no empty lines.

    Control characters are blanks.
    """
    texts = tf.strings.regex_replace(texts, r"[\p{Z}\p{Cc}]*\n[\p{Z}\p{Cc}]*", "\n")
    return tf.strings.strip(tf.strings.regex_replace(texts, r"[\p{Z}\x00-\x09\x0b-\x1f\x7f]+", " "))


def byte_signs() -> list[str]:
    """Returns the character that stands for each byte in a vocabulary: itself if it is seen, else one from U+0100."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    unseen = [byte for byte in range(256) if byte not in seen]
    stand_in = {byte: chr(0x100 + place) for place, byte in enumerate(unseen)}
    return [stand_in.get(byte, chr(byte)) for byte in range(256)]
