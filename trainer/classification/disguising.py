"""Training texts disguised as those are who want to get past a classifier."""

from collections.abc import Sequence

import numpy as np

from serving.disguises import LOOKALIKES

# Letters that look like a Latin one, by that one.
_MASKS: dict[str, list[str]] = {}
for _other, _plain in LOOKALIKES.items():
    _MASKS.setdefault(_plain, []).append(_other)
_VOWELS = frozenset("aeiouAEIOU")


def with_lookalikes(text: str, share: float, random: np.random.Generator) -> str:
    """Puts letters of other scripts that look alike in the place of some."""
    drawn = random.random(len(text)) < share
    return "".join(
        str(random.choice(_MASKS[letter])) if chosen and letter in _MASKS else letter
        for letter, chosen in zip(text, drawn, strict=True)
    )


def with_spaces(text: str, share: float, random: np.random.Generator) -> str:
    """Puts a space into some words of four letters or more, or one behind each of their letters."""

    def parted(word: str) -> str:
        if len(word) < 4 or random.random() >= share:
            return word
        place = int(random.integers(1, len(word)))
        return " ".join(word) if random.random() < 0.5 else f"{word[:place]} {word[place:]}"

    return " ".join(parted(word) for word in text.split(" "))


def drawn_out(text: str, share: float, random: np.random.Generator) -> str:
    """Repeats vowels in some words, three to five times."""
    words = []
    for word in text.split(" "):
        places = [place for place, letter in enumerate(word) if letter in _VOWELS]
        if places and random.random() < share:
            place = int(random.choice(places))
            word = word[:place] + word[place] * int(random.integers(3, 6)) + word[place + 1 :]
        words.append(word)
    return " ".join(words)


def mistyped(text: str, share: float, random: np.random.Generator) -> str:
    """Swaps two letters inside some words of four letters or more."""
    words = []
    for word in text.split(" "):
        if len(word) >= 4 and random.random() < share:
            place = int(random.integers(1, len(word) - 1))
            word = word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
        words.append(word)
    return " ".join(words)


DISGUISES = {
    "lookalikes": with_lookalikes,
    "spaces": with_spaces,
    "drawn_out": drawn_out,
    "mistyped": mistyped,
}


def disguised(texts: Sequence[str], share: float, random: np.random.Generator) -> list[str]:
    """Returns texts each disguised in one way, drawn by chance.

    Args:
        texts: The texts.
        share: Of the words, or letters, that are changed.
        random: Draws the ways and the places.
    """
    ways = list(DISGUISES.values())
    return [ways[random.integers(len(ways))](text, share, random) for text in texts]
