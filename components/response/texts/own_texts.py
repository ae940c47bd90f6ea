"""Text vectors as the response model reads them: cut down to a few numbers, of offers beside those of products."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.response.texts.words import text_words, texts_without
from serving.response.items import ResponseItems
from serving.response.words import ItemWords
from trainer.text.text_vectors import load_text_vectors

# Texts that the directions of the vectors are found from.
_MOST_TEXTS = 20_000
# Of the largest variance of a direction.
_LEAST_VARIANCE = 1e-6

FloatArray = npt.NDArray[np.float32]


class VectorTurn(NamedTuple):
    """What makes vectors of texts shorter: they are turned to their main directions (principal components).

    Attributes:
        mean: float32 `(dimensions,)`.
        directions: float32 `(dimensions, width)`.
        scale: What turned vectors are divided by, so that they have a variance of 1 in all.
    """

    mean: FloatArray
    directions: FloatArray
    scale: float

    @classmethod
    def learned(cls, vectors: FloatArray, width: int) -> "VectorTurn":
        """Finds the main directions of vectors, `(texts, dimensions)`: `width`, fewer where texts differ in fewer."""
        sample = vectors[np.unique(np.linspace(0, len(vectors) - 1, _MOST_TEXTS).astype(int))]
        mean = sample.mean(axis=0)
        _, variances, rows = np.linalg.svd(np.cov((sample - mean).T, ddof=0))
        # A direction in which no text differs from another would be any direction.
        told = variances > _LEAST_VARIANCE * max(float(variances[0]), _LEAST_VARIANCE)
        directions = rows[:width][told[:width]].T
        turned = (vectors - mean) @ directions
        return cls(mean, directions, max(float(np.sqrt((turned**2).sum(axis=1).mean())), 1e-6))

    def turned(self, vectors: FloatArray) -> FloatArray:
        """Returns vectors of any leading dimensions, the last one cut down."""
        return np.asarray((vectors - self.mean) @ self.directions / self.scale, np.float32)


def with_own_texts(
    items: ResponseItems, uri: str | None, turn: VectorTurn | None, *, width: int, explained_words: int
) -> tuple[ResponseItems, ItemWords]:
    """Returns offers with the vectors of what they say, and of what they say without each word.

    Args:
        items: Offers.
        uri: What `OfferTextVectors` wrote; None for none.
        turn: That of the products' vectors, so that both lie in one space; None where products have none.
        width: Numbers that a vector is cut down to where there is no turn yet; 0 leaves texts out.
        explained_words: Words that are told of a text, at the most; those that were encoded.
    """
    if uri is None or not width:
        return items, no_words(len(items.item_ids))
    texts = [text.decode("utf-8", "replace") for text in items.texts]
    vectors = load_text_vectors(uri, texts)
    turn = turn or VectorTurn.learned(vectors, width)
    own = turn.turned(vectors)
    split = text_words(texts, explained_words)
    most = max(map(len, split), default=0)
    words = np.full((len(texts), most), b"", object)
    without = np.repeat(own[:, None, :], most, axis=1)
    left = [(row, texts_without(text, len(split[row]))) for row, text in enumerate(texts)]
    found = iter(turn.turned(load_text_vectors(uri, [each for _, parts in left for each in parts])))
    for row, parts in left:
        for place in range(len(parts)):
            words[row, place] = split[row][place].encode("utf-8", "replace")
            without[row, place] = next(found)
    return replace(items, text_vectors=own), ItemWords(words, without)


def no_words(items: int) -> ItemWords:
    """Returns what is told of the words of items of which none is known."""
    return ItemWords(np.zeros((items, 0), object), np.zeros((items, 0, 0), np.float32))
