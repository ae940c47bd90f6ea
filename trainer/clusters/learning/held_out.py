"""Titles whose categories nothing learns from, so that clusters are judged by what they were not told."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_PARTS = 10
_CHOOSING, _JUDGED = 0, 1

Mask = npt.NDArray[np.bool_]


class HeldOut(NamedTuple):
    """Which texts are for what; each is for one thing.

    Attributes:
        learning: bool `(texts,)`: eight tenths, whose categories or company are learned.
        choosing: bool `(texts,)`: a tenth, by which it is chosen what is used.
        judged: bool `(texts,)`: a tenth, on which clusters are judged.
    """

    learning: Mask
    choosing: Mask
    judged: Mask


def hold_out(texts: Sequence[str]) -> HeldOut:
    """Splits texts by sha256: a text is always for the same thing, with all its products, in any catalogue."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    parts = np.fromiter((int.from_bytes(digest, "big") % _PARTS for digest in digests), np.int64, len(texts))
    return HeldOut(parts > max(_CHOOSING, _JUDGED), parts == _CHOOSING, parts == _JUDGED)
