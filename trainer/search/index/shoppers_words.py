"""Words that shoppers type beside those of the catalogue: which are right, and which mean the same."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serving.index.lexical import Postings
from trainer.search.index.corrections import known_words
from trainer.search.index.synonyms import learn_synonyms, still_synonyms
from trainer.search.index.wordnet import read_wordnet

Vectors = npt.NDArray[np.float32]


class ShoppersWords(NamedTuple):
    """What a dictionary adds.

    Attributes:
        right: int64 hashes of words that are spelt right, rising: `serving.search.correction.word_hashes`.
        synonyms: What the catalogue calls nouns that it lacks: `trainer.search.index.synonyms.learn_synonyms`.
    """

    right: npt.NDArray[np.int64]
    synonyms: dict[str, str]

    def in_catalogue(self, postings: Postings) -> "ShoppersWords":
        """Returns what of it goes for another catalogue."""
        return self._replace(synonyms=still_synonyms(self.synonyms, postings))


NO_MORE_WORDS = ShoppersWords(np.zeros(0, np.int64), {})


def words_of_wordnet(
    folder: str,
    postings: Postings,
    vectors: Vectors,
    known: npt.NDArray[np.int64],
    embed: Callable[[list[str]], Vectors],
) -> ShoppersWords:
    """Returns what WordNet adds to a catalogue.

    Args:
        folder: Of its database.
        postings: The catalogue's words.
        vectors: float32 `(texts, dimensions)`.
        known: Hashes of the words that the encoder has whole, rising.
        embed: Reads nouns, fast.

    Raises:
        FileNotFoundError: The database is not there.
    """
    wordnet = read_wordnet(folder)
    return ShoppersWords(known_words(sorted(wordnet.words)), learn_synonyms(wordnet, postings, vectors, known, embed))
