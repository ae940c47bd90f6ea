"""Words and BM25 worked out in plain Python, as a second method."""

import math
import re
from collections import Counter
from collections.abc import Sequence

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


class PlainBm25:
    """BM25 with Lucene's inverse document frequency, by its formula, one word and one text at a time."""

    def __init__(self, texts: Sequence[Sequence[str]], k1: float = 0.9, b: float = 0.4) -> None:
        self.counts = [Counter(words) for words in texts]
        self.lengths = [len(words) for words in texts]
        self.mean_length = sum(self.lengths) / len(texts)
        self.k1, self.b = k1, b

    def rarity(self, word: str) -> float:
        """The inverse document frequency of a word; 0 where no text has it."""
        having = sum(word in counts for counts in self.counts)
        return math.log(1 + (len(self.counts) - having + 0.5) / (having + 0.5)) if having else 0.0

    def score(self, word: str, text: int) -> float:
        """What a word adds to the score of a text."""
        count = self.counts[text][word]
        if not count:
            return 0.0
        saturation = self.k1 * (1 - self.b + self.b * self.lengths[text] / self.mean_length)
        return self.rarity(word) * count / (count + saturation)

    def scores(self, words: Sequence[str]) -> np.ndarray:
        """The score of every text for a query's words."""
        return np.array([sum(self.score(word, text) for word in words) for text in range(len(self.counts))])

    def shares(self, words: Sequence[str]) -> np.ndarray:
        """The scores over the sum of the rarities of the query's words; 0 where no word is known."""
        rarity = sum(self.rarity(word) for word in words)
        return self.scores(words) / rarity if rarity else np.zeros(len(self.counts))
