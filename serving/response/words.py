"""The words of what may be shown, and what its text is without each of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class ItemWords(NamedTuple):
    """Words of the items' texts.

    Attributes:
        words: bytes `(items, words)`, in the order of the text; empty where a text has fewer.
        vectors: float32 `(items, words, width)`: the text's vector once the word is left out.
    """

    words: npt.NDArray[np.object_]
    vectors: npt.NDArray[np.float32]
