"""Texts with the vectors that the full encoder gives them, for a query tower to learn from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.search.encoder import SearchEncoder, Vectors
from trainer.search.query_tower.text_parts import text_parts
from trainer.text.backbone import encode_token_ids

# Words of a title that stand for a query: the fewer, the more each is learned by itself.
_FEWEST_WORDS, _MOST_WORDS = 1, 4
_CONTINUED = "##"


class Lessons(NamedTuple):
    """What is learned.

    Attributes:
        token_ids: Ragged int32 `(texts, None)`.
        vectors: float32 `(texts, dimensions)` of length 1.
    """

    token_ids: tf.RaggedTensor
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.vectors)

    def rows(self) -> npt.NDArray[np.int64]:
        """Returns the text of each token, int64 `(tokens,)`."""
        rows: npt.NDArray[np.int64] = self.token_ids.value_rowids().numpy()
        return rows

    def join(self, other: "Lessons") -> "Lessons":
        """Returns these lessons and then the others."""
        token_ids = tf.concat([self.token_ids, other.token_ids], axis=0)
        return Lessons(token_ids, np.concatenate([self.vectors, other.vectors]))


def new_lessons(
    encoder: SearchEncoder,
    texts: Sequence[str],
    seen: tf.RaggedTensor,
    max_parts: int,
    max_words: int,
    batch_size: int,
    random: np.random.Generator,
) -> Lessons:
    """Returns lessons for which the encoder has to be asked: parts of product texts, and single words.

    The words are those of its vocabulary that neither those parts nor other lessons have, so that it stays known what
    BERT knows of words which the catalogue lacks. Vocabularies begin with the words that are used most.

    Args:
        encoder: The teacher.
        texts: Distinct texts of products.
        seen: int32 `(lessons, None)`: tokens of the other lessons.
        max_parts: Parts at the most.
        max_words: Words at the most.
        batch_size: Texts encoded at once.
        random: Draws the parts.
    """
    drawn = text_parts(texts, max_parts, random, fewest_words=_FEWEST_WORDS, most_words=_MOST_WORDS)
    # Sorted, so that the same parts come in the same order.
    parts = sorted({part for part in drawn if part})
    known = {*seen.flat_values.numpy().tolist(), *encoder.token_ids(parts).flat_values.numpy().tolist()}
    vocabulary = encoder.text_encoder.tokenizer.vocabulary
    words = [word for token, word in enumerate(vocabulary) if token not in known and _is_word(word)]
    asked = [*parts, *words[:max_words]]
    token_ids = encoder.token_ids(asked)
    return Lessons(token_ids, encoder.finish(encode_token_ids(encoder.text_encoder, token_ids, batch_size), token_ids))


def _is_word(token: str) -> bool:
    return token.isalpha() and len(token) > 1 and not token.startswith(_CONTINUED)
