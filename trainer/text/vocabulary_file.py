"""What a file of word pieces, one a line, cannot hold."""

import io
from collections import Counter
from collections.abc import Sequence

_SHOWN = 5


def check_vocabulary(vocabulary: Sequence[str]) -> None:
    """Checks that a vocabulary is the same after it was written and read as KerasNLP does, when a model is saved.

    Raises:
        ValueError: A piece is empty, there twice, ends in a space or holds a line break.
    """
    lines = [line.rstrip() for line in io.StringIO("".join(f"{piece}\n" for piece in vocabulary), newline=None)]
    if lines == list(vocabulary) and len(set(lines)) == len(lines) and "" not in lines:
        return
    counts = Counter(vocabulary)
    wrong = [piece for piece in counts if not piece or piece.split("\n") != [piece.rstrip()] or "\r" in piece]
    wrong += [piece for piece, count in counts.items() if count > 1 and piece not in wrong]
    shown = ", ".join(repr(piece) for piece in wrong[:_SHOWN]) + (", …" if len(wrong) > _SHOWN else "")
    raise ValueError(
        "A vocabulary should hold each word piece once, without spaces at its end, since it is kept as one piece a "
        f"line. {len(wrong)} of its {len(vocabulary)} pieces would be lost: {shown}. Take these lines out of the "
        "vocabulary, or put `[unused1]`, `[unused2]`, … in their place, so that the others keep their numbers."
    )
