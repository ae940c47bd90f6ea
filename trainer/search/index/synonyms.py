"""The catalogue's own words for nouns that it does not have: diaper for nappy, cookie for Oreo."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import plain_words, singular_words
from serving.index.lexical import Postings
from serving.search.correction import word_hashes
from trainer.search.index.wordnet import Sense, WordNet

Vectors = npt.NDArray[np.float32]

# Longer names than pairs of words are hardly typed.
_MOST_WORDS = 2
# What fewer texts are called is as rare a word as the one that it would stand for.
_FEWEST_TEXTS = 3
# A word that the encoder knows is read as another only if it is as near as this to the texts that have the other.
_NEAR = 0.5


def learn_synonyms(
    wordnet: WordNet,
    postings: Postings,
    vectors: Vectors,
    known: npt.NDArray[np.int64],
    embed: Callable[[list[str]], Vectors],
) -> dict[str, str]:
    """Returns what the catalogue calls the nouns that it lacks, by WordNet: by another name, else by their kind.

    A key is a noun as a query's words are looked up, in the singular, with a space between two words: one that no text
    has; of two words, one that no text has either. Its value is one or two words that texts have, two of them next to
    each other, and what texts have of the key: plastic wrap film for cling film.

    A noun that the encoder does not know is read in its first sense, which is the most frequent. One whose words it
    knows can be read as it is. So of all that it may be called, the name counts whose texts lie nearest to it, if they
    are near enough: cola is a soft drink, but coke, where coal is sold, no fuel, and lip balm no ointment.

    Args:
        wordnet: What is known of nouns.
        postings: The catalogue's words.
        vectors: float32 `(texts, dimensions)`.
        known: Hashes of the words that the encoder has whole, rising.
        embed: Reads nouns, fast.
    """
    catalogue = _CatalogueWords(postings, vectors)
    read = _singular(sorted({name for noun, senses in wordnet.nouns.items() for name in (noun, *_names(senses))}))

    def offered(noun: str, senses: Sequence[Sense]) -> list[str]:
        """Returns what the catalogue may call a noun; wine says nothing that red wine does not."""
        sold = (name for name in dict.fromkeys(_names(senses)) if catalogue.count(read.get(name, [])) >= _FEWEST_TEXTS)
        return [name for name in sold if not set(read[name]) <= set(read[noun])]

    first: dict[str, list[str]] = {}
    every: dict[str, list[str]] = {}
    for noun, senses in wordnet.nouns.items():
        if noun in read and not catalogue.has(read[noun]):
            first.setdefault(" ".join(read[noun]), offered(noun, senses[:1]))
            every.setdefault(" ".join(read[noun]), offered(noun, senses))
    is_known = _all_known(list(every), known)
    synonyms = {}
    for noun in every:
        if first[noun] and not is_known[noun]:
            kept = [word for word in noun.split() if catalogue.count([word]) and word not in read[first[noun][0]]]
            synonyms[noun] = " ".join([first[noun][0], *kept])
    # A form of the same word, such as wash of washing, is no other name.
    others = {noun: [name for name in every[noun] if not noun.startswith(name)] for noun in every if is_known[noun]}
    asked = [noun for noun, names in others.items() if names]
    for noun, vector in zip(asked, embed(asked) if asked else [], strict=True):
        near = [float(vector @ catalogue.direction(read[name])) for name in others[noun]]
        if max(near) >= _NEAR:
            synonyms[noun] = others[noun][int(np.argmax(near))]
    return synonyms


def still_synonyms(synonyms: Mapping[str, str], postings: Postings) -> dict[str, str]:
    """Returns the synonyms that another catalogue lacks the noun of, and has the words of."""
    catalogue = _CatalogueWords(postings, np.zeros((0, 0), np.float32))
    read = _singular(sorted(set(synonyms.values())), most_words=2 * _MOST_WORDS)
    return {
        noun: name
        for noun, name in synonyms.items()
        if not catalogue.has(noun.split()) and all(catalogue.count([word]) for word in read[name])
    }


class _CatalogueWords:
    """Words of a catalogue's texts, and pairs of neighbours, which stand among them joined."""

    def __init__(self, postings: Postings, vectors: Vectors) -> None:
        self._postings, self._vectors = postings, vectors
        self._rows = {word.decode(): row for row, word in enumerate(postings.words)}

    def has(self, noun: Sequence[str]) -> bool:
        """Returns whether texts have a noun, or all of its words."""
        return "".join(noun) in self._rows or all(word in self._rows for word in noun)

    def count(self, noun: Sequence[str]) -> int:
        """Returns how many texts have a noun, its words next to each other."""
        return len(self._texts(noun))

    def direction(self, noun: Sequence[str]) -> Vectors:
        """Returns the mean vector of the texts that have a noun, made as long as 1, float32 `(dimensions,)`."""
        mean: Vectors = self._vectors[self._texts(noun)].mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1.0e-12)

    def _texts(self, noun: Sequence[str]) -> npt.NDArray[np.int32]:
        row = self._rows.get("".join(noun), -1)
        if row < 0:
            return np.zeros(0, np.int32)
        return self._postings.texts[slice(*self._postings.row_splits[row : row + 2])]


def _all_known(nouns: Sequence[str], known: npt.NDArray[np.int64]) -> dict[str, bool]:
    """Returns of each noun whether the encoder has all of its words whole."""
    words = tf.strings.split(tf.constant(nouns, tf.string, [len(nouns)]))
    whole = words.with_flat_values(tf.constant(np.isin(word_hashes(words.flat_values).numpy(), known)))
    return dict(zip(nouns, tf.reduce_all(whole, axis=1).numpy().tolist(), strict=True))


def _names(senses: Sequence[Sense]) -> list[str]:
    return [name for sense in senses for name in (*sense.names, *sense.kinds)]


def _singular(names: Sequence[str], most_words: int = _MOST_WORDS) -> dict[str, list[str]]:
    """Returns the words of names of letters alone, and of so many words at the most, in the singular."""
    names = [name for name in names if name.count(" ") < most_words and name.replace(" ", "").isalpha()]
    words = singular_words(plain_words(tf.constant(names, tf.string, [len(names)]))).to_list()
    return {name: [word.decode() for word in each] for name, each in zip(names, words, strict=True)}
