"""Changed copies of titles, which should stay near to the titles that they are made of."""

import re
from collections.abc import Sequence

import numpy as np

from serving.graph.words import UNSPACED_CHARACTER

# A word, or one character of a script without spaces.
_PIECE = re.compile(rf"{UNSPACED_CHARACTER}|(?:(?!{UNSPACED_CHARACTER})\S)+\s*")
_KEPT = 0.6


def title_view(text: str, random: np.random.Generator) -> str:
    """Returns a text with two fifths of its words left out at random, or half of it in one piece; never nothing.

    These are the two changes of texts that Wu et al., "CLEAR: contrastive learning for sentence representation"
    (2020), call word and span deletion. Of a script without spaces, characters are taken for words.
    """
    pieces = _PIECE.findall(text)
    if len(pieces) < 2:
        return text
    if random.random() < 0.5:
        kept = np.flatnonzero(random.random(len(pieces)) < _KEPT)
        kept = kept if len(kept) else random.integers(len(pieces), size=1)
    else:
        length = (len(pieces) + 1) // 2
        start = random.integers(len(pieces) - length + 1)
        kept = np.arange(start, start + length)
    return "".join(pieces[place] for place in kept).strip()


def title_views(texts: Sequence[str], seed: int) -> list[str]:
    """Returns a view of each text; the same texts and seed give the same ones."""
    random = np.random.default_rng(seed)
    return [title_view(text, random) for text in texts]
