"""Words and BM25 worked out in plain Python, as a second method."""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np


def ascii_words(text: str) -> list[str]:
    """Lower-case words and numbers of an ASCII text."""
    return re.findall(r"[0-9]+(?:[./][0-9]+)*|[a-z]+", text.lower())


def singular(word: str) -> str:
    """An ASCII word without its plural ending, and with y for ie at its end."""
    stem = without_plural(word)
    return stem[:-2] + "y" if stem.endswith("ie") and len(stem) > 2 else stem


def without_plural(word: str) -> str:
    """Only the first rule that fits is used."""
    if word.endswith("ies") and len(word) > 3 and word[-4] not in "ae":
        return word[:-3] + "y"
    if any(word.endswith(f"{ending}es") and word != f"{ending}es" for ending in ("ss", "x", "zz", "ch", "sh")):
        return word[:-2]
    if word.endswith("s") and len(word) > 2 and word[-2] not in "us":
        return word[:-1]
    return word


def joined_pairs(words: Sequence[str]) -> list[str]:
    """Neighbours of two letters or more, joined; scripts without spaces have no such words before the pairs."""
    fits = [word.isalpha() and len(word) > 1 and max(word) < "\u0e00" for word in words]
    return [words[place] + words[place + 1] for place in range(len(words) - 1) if fits[place] and fits[place + 1]]


class PlainBm25:
    """BM25 with the root of Lucene's inverse document frequency, by its formula, one word and one text at a time."""

    def __init__(
        self,
        texts: Sequence[Sequence[str]],
        k1: float = 0.9,
        b: float = 0.4,
        telling: Mapping[str, float] | None = None,
        kinds: Collection[str] = (),
    ) -> None:
        self.telling, self.kinds = telling or {}, kinds
        pairs = [set(joined_pairs(words)) for words in texts]
        often = Counter(pair for each in pairs for pair in each)
        plain = {word for words in texts for word in words}
        self.counts = [
            Counter([*words, *(pair for pair in each if pair in plain or often[pair] > 1)])
            for words, each in zip(texts, pairs, strict=True)
        ]
        self.lengths = [len(words) for words in texts]
        self.mean_length = sum(self.lengths) / len(texts)
        self.k1, self.b = k1, b

    def rarity(self, word: str) -> float:
        """How rare a word is; the most where no text has it."""
        having = sum(word in counts for counts in self.counts)
        rarity = math.log(1 + (len(self.counts) - having + 0.5) / (having + 0.5))
        return math.sqrt(rarity) * self.telling.get(word, 1.0)

    def knows(self, word: str) -> bool:
        """Whether a text has it."""
        return any(word in counts for counts in self.counts)

    def saturation(self, word: str, text: int) -> float:
        """What the count of a word in a text comes to, under 1."""
        count = self.counts[text][word]
        return (
            count / (count + self.k1 * (1 - self.b + self.b * self.lengths[text] / self.mean_length)) if count else 0.0
        )

    def weights(self, words: Sequence[str]) -> list[tuple[str, float]]:
        """The words of a query and then their pairs, with the share of each."""
        pairs = [(pair, 0.25 * self.rarity(pair) if self.knows(pair) else 0.0) for pair in joined_pairs(words)]
        weighed = [*((word, self.rarity(word)) for word in words), *pairs]
        total = sum(weight for _, weight in weighed)
        return [(word, weight / total) for word, weight in weighed]

    def kind(self, words: Sequence[str]) -> str | None:
        """The kind that a query asks for: its last before a linking word."""
        before = words[: next((place for place, word in enumerate(words) if word in ("for", "with")), None)]
        return next((word for word in reversed(before) if word in self.kinds), None)

    def added(self, words: Sequence[str], text: int) -> list[tuple[str, float]]:
        """What each word and pair of a query adds to the score of a text, 0.7 of it where that is of another kind."""
        weighed = self.weights(words)
        covered = sum(weight for word, weight in weighed if self.counts[text][word])
        kind = self.kind(words)
        if kind is not None and not self.counts[text][kind]:
            covered *= 0.7
        return [(word, weight * self.saturation(word, text) * covered) for word, weight in weighed]

    def scores(self, words: Sequence[str]) -> np.ndarray:
        """The score of every text for a query's words."""
        return np.array([sum(score for _, score in self.added(words, text)) for text in range(len(self.counts))])
