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
# Words of a title, and of the vocabulary's most used, that are mixed.
_MOST_MIXED_WORDS_OF_TITLE, _MOST_MIXED_WORDS, _MOST_USED = 2, 3, 6_000
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


class LessonCounts(NamedTuple):
    """How many lessons there are at the most for which the encoder has to be asked.

    Attributes:
        parts: Parts of product texts.
        words: Single words of the encoder's vocabulary.
        mixtures: Words of its vocabulary together, half of them with a part of a product text.
    """

    parts: int = 6_000
    words: int = 16_000
    mixtures: int = 10_000


def new_lessons(
    encoder: SearchEncoder,
    texts: Sequence[str],
    seen: tf.RaggedTensor,
    counts: LessonCounts,
    batch_size: int,
    random: np.random.Generator,
) -> Lessons:
    """Returns lessons for which the encoder has to be asked: parts of product texts, single words, and mixtures.

    The words are those of its vocabulary that neither those parts nor other lessons have, so that it stays known what
    BERT knows of words which the catalogue lacks. Vocabularies begin with the words that are used most. Mixtures tell
    what such words mean beside others: people ask for food for a puppy, where the shop has Dog Treats.

    Args:
        encoder: The teacher.
        texts: Distinct texts of products.
        seen: int32 `(lessons, None)`: tokens of the other lessons.
        counts: How many at the most.
        batch_size: Texts encoded at once.
        random: Draws the parts and the mixtures.
    """
    drawn = text_parts(texts, counts.parts, random, fewest_words=_FEWEST_WORDS, most_words=_MOST_WORDS)
    # Sorted, so that the same parts come in the same order.
    parts = sorted({part for part in drawn if part})
    known = {*seen.flat_values.numpy().tolist(), *encoder.token_ids(parts).flat_values.numpy().tolist()}
    vocabulary = encoder.text_encoder.tokenizer.vocabulary
    words = [(token, word) for token, word in enumerate(vocabulary) if _is_word(word)]
    alone = [word for token, word in words if token not in known]
    # A small vocabulary has no more to tell.
    mixed = min(counts.mixtures, len(words))
    mixtures = _mixtures(texts, [word for _, word in words[:_MOST_USED]], mixed, random)
    asked = list(dict.fromkeys([*parts, *alone[: counts.words], *mixtures]))
    token_ids = encoder.token_ids(asked)
    return Lessons(token_ids, encoder.finish(encode_token_ids(encoder.text_encoder, token_ids, batch_size), token_ids))


def _mixtures(texts: Sequence[str], words: Sequence[str], most: int, random: np.random.Generator) -> list[str]:
    parts = text_parts(texts, most // 2, random, fewest_words=1, most_words=_MOST_MIXED_WORDS_OF_TITLE)
    mixtures = []
    for part in [*parts, *[""] * (most - len(parts))] if words else []:
        # Without a part one word more: single words are lessons already.
        count = int(random.integers(1, _MOST_MIXED_WORDS + 1)) + (not part)
        pieces = [part, *(words[int(place)] for place in random.integers(0, len(words), count))]
        mixtures.append(" ".join(pieces[place] for place in random.permutation(len(pieces)) if pieces[place]))
    return mixtures


def _is_word(token: str) -> bool:
    return token.isalpha() and len(token) > 1 and not token.startswith(_CONTINUED)
