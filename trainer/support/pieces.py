"""What of an answer may answer a question by itself: its sentences, and the name of its intent as words."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Ends of sentences and lines in any script: those of scripts without spaces need none after them.
_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；।])|[\r\n]+")
_SHORTEST, _MOST = 3, 12
_JOINTS = re.compile(r"[_\-./\s]+|(?<=[a-z])(?=[A-Z])")


def sentences(text: str) -> list[str]:
    """Returns the first sentences of a text, at most 12; the text where there is no end of one in it."""
    found = [each.strip() for each in _ENDS.split(text)]
    long = [each for each in found if len(each) >= _SHORTEST][:_MOST]
    return long or [text]


def pieces_of(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Returns the sentences of all texts, and the text that each is of, int32 `(sentences,)`."""
    by_text = [sentences(text) for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), [len(each) for each in by_text])
    return [sentence for each in by_text for sentence in each], owners.astype(np.int32)


def name_as_words(name: str) -> str:
    """Returns a name such as `cancel_order` or `cancelOrder` as people write it: cancel order."""
    return " ".join(part for part in _JOINTS.split(name) if part).lower()
