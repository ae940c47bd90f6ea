"""Parts of product texts that stand for queries."""

from collections.abc import Sequence

import numpy as np


def text_parts(
    texts: Sequence[str], most: int, random: np.random.Generator, *, fewest_words: int = 2, most_words: int = 6
) -> list[str]:
    """Returns some consecutive words of each of `most` sampled texts, or of all where there are no more."""
    parts = []
    for row in random.permutation(len(texts))[:most]:
        words = texts[row].split()
        count = int(random.integers(fewest_words, most_words + 1))
        start = int(random.integers(0, max(1, len(words) - count + 1)))
        parts.append(" ".join(words[start : start + count]))
    return parts
