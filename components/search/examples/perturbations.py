"""How people's queries differ from the catalogue's words: one function a way of perturbing them.

Training and evaluation perturb in different ways, so that the evaluation tells what a model makes of what it has not
seen. All are functions of the words and of a random generator that the caller has seeded.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random

Perturbation = Callable[[Sequence[str], Random], list[str]]

# Characters of scripts without spaces go in pairs; anything else goes by white space.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_UNITS = re.compile(f"[{_UNSPACED}]{{1,2}}|[^\\s{_UNSPACED}]+")
_SPACE_BETWEEN_UNSPACED = re.compile(f"(?<=[{_UNSPACED}]) (?=[{_UNSPACED}])")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: "".join(row[max(place - 1, 0) : place] + row[place + 1 : place + 2])
    for row in _KEYBOARD
    for place, key in enumerate(row)
}
# Shorter words are not misspelt: too little would be left to know them by.
_SHORTEST_MISSPELT = 4
_SHORTENED = 0.15
_MISTYPED = 0.15
_SWAPPED = 0.3
# How many words short queries have, one as likely as another, and how often which of their ways is taken.
_SHORT_LENGTHS = (1, 2, 2, 3, 3, 3, 4)
_NEIGHBOURING, _SWAPPED_SHORT, _NUMBERED, _MISSPELT_SHORT, _COMPOUNDED = 0.5, 0.2, 0.2, 0.2, 0.1


def query_words(text: str) -> list[str]:
    """Returns the lower-case words of a text, without the punctuation around them."""
    words = (word.strip(".,;:!?()[]\"'*&-–>") for word in _UNITS.findall(text.lower()))
    return [word for word in words if word]


def join_words(words: Sequence[str]) -> str:
    """Writes words as a query: with spaces, but for scripts that have none."""
    return _SPACE_BETWEEN_UNSPACED.sub("", " ".join(words))


def perturb_for_training(words: Sequence[str], random: Random) -> list[str]:
    """Drops words at random, swaps neighbours, shortens words to their beginning, and loses or swaps letters.

    At least one word is kept, and more often many than few.
    """
    kept_count = len(words) - int(len(words) * random.random() ** 2)
    kept = [words[place] for place in sorted(random.sample(range(len(words)), max(1, kept_count)))]
    if len(kept) > 1 and random.random() < _SWAPPED:
        place = random.randrange(len(kept) - 1)
        kept[place], kept[place + 1] = kept[place + 1], kept[place]
    return [_shortened_or_mistyped(word, random) for word in kept]


def ask_shortly(words: Sequence[str], usual: Collection[str], random: Random) -> list[str]:
    """Picks one to four words of a text, as people ask: few of them, and not what only one product is called.

    They are neighbours, or stand anywhere in the text; now and then they change places, a number of the text follows
    them, two are written as one, or one is misspelt.

    Args:
        words: What `query_words` made of a text.
        usual: Words that queries have, as `components.search.examples.made_queries.usual_words` finds them; where the
            text has none, any word may be picked.
        random: Where everything random comes from.
    """
    known = list(dict.fromkeys(word for word in words if word in usual)) or list(dict.fromkeys(words))
    named = [word for word in known if word.isalpha()] or known
    count = min(len(named), random.choice(_SHORT_LENGTHS))
    if random.random() < _NEIGHBOURING:
        first = random.randrange(len(named) - count + 1)
        places = list(range(first, first + count))
    else:
        places = sorted(random.sample(range(len(named)), count))
    if random.random() < _SWAPPED_SHORT:
        random.shuffle(places)
    asked = [named[place] for place in places]
    numbers = [word for word in known if word not in named]
    if numbers and random.random() < _NUMBERED:
        asked.append(random.choice(numbers))
    if random.random() < _MISSPELT_SHORT:
        place = random.randrange(len(asked))
        asked[place] = _mistyped(asked[place], random)
    if len(asked) > 1 and random.random() < _COMPOUNDED:
        place = random.randrange(len(asked) - 1)
        asked[place : place + 2] = [asked[place] + asked[place + 1]]
    return asked


def _shortened_or_mistyped(word: str, random: Random) -> str:
    chance = random.random()
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha():
        return word
    if chance < _SHORTENED:
        return word[: random.randint(_SHORTEST_MISSPELT - 1, len(word) - 1)]
    if chance < _SHORTENED + _MISTYPED:
        return _mistyped(word, random)
    return word


def _mistyped(word: str, random: Random) -> str:
    """Loses a letter of a word, or swaps two."""
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha():
        return word
    place = random.randrange(1, len(word) - 1)
    if random.random() < 0.5:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def mistype(words: Sequence[str], random: Random) -> list[str]:
    """Hits a neighbouring key, or one key twice, in the longest word."""
    longest = max(range(len(words)), key=lambda place: (len(words[place]), -place))
    word = words[longest]
    letters = [place for place, letter in enumerate(word) if letter in _NEIGHBOURS]
    if len(word) < _SHORTEST_MISSPELT or not letters:
        return list(words)
    place = random.choice(letters)
    typed = word[place] * 2 if random.random() < 0.5 else random.choice(_NEIGHBOURS[word[place]])
    return [*words[:longest], word[:place] + typed + word[place + 1 :], *words[longest + 1 :]]


def keep_longest(words: Sequence[str], random: Random) -> list[str]:
    """Keeps the two longest words, which tell most, or half of the words where that is more."""
    del random
    count = max(2, len(words) // 2)
    longest = sorted(range(len(words)), key=lambda place: (-len(words[place]), place))[:count]
    return [words[place] for place in sorted(longest)]


def reverse(words: Sequence[str], random: Random) -> list[str]:
    """Turns the order round."""
    del random
    return list(reversed(words))


def change_case(words: Sequence[str], random: Random) -> list[str]:
    """Writes capitals, or every word with a capital."""
    capitals = random.random() < 0.5
    return [word.upper() if capitals else word.capitalize() for word in words]


# What evaluation queries are perturbed by, beside the slice's name.
EVALUATION_PERTURBATIONS: Mapping[str, Perturbation] = {
    "typo": mistype,
    "dropped": keep_longest,
    "reordered": reverse,
    "case": change_case,
}
