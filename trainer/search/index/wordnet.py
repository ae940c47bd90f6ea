"""What WordNet says of words: which there are, and what each noun is another name or a kind of."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tfx.dsl.io import fileio

# Files of the database: https://wordnet.princeton.edu/documentation/wndb5wn.
_INDICES = ("index.noun", "index.verb", "index.adj", "index.adv")
_NOUNS, _NOUN_INDEX = "data.noun", _INDICES[0]
# A kind, and a thing that there is one of, such as a brand.
_KIND_OF = ("@", "@i")
_FIELDS_BEFORE_WORDS, _FIELDS_OF_A_WORD, _FIELDS_OF_A_POINTER = 4, 2, 4
# A kind that so many things are of, such as dish, herb or person, says too little of one.
_MOST_OF_A_KIND = 60


class Sense(NamedTuple):
    """One meaning of a noun.

    Attributes:
        names: Its names, in lower case, with spaces: diaper, nappy, napkin.
        kinds: Names of what it is a kind of, likewise; none where there are more than 60 of that kind.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]


class WordNet(NamedTuple):
    """The nouns and all words of WordNet.

    Attributes:
        nouns: The senses of each noun, the most frequent first; a noun may be several words.
        words: Words, names and phrases of all kinds, in lower case, with spaces.
    """

    nouns: dict[str, list[Sense]]
    words: set[str]


def read_wordnet(folder: str) -> WordNet:
    """Reads the database of WordNet (Fellbaum, "WordNet: An electronic lexical database", 1998), in some seconds.

    Args:
        folder: Where `data.noun`, `index.noun` and the other files of the database are, of a release from 2.0 to 3.1.

    Raises:
        FileNotFoundError: One of them is not there.
    """
    names: dict[str, list[str]] = {}
    kinds: dict[str, list[str]] = {}
    for line in _lines(os.path.join(folder, _NOUNS)):
        fields = line.split(" | ", 1)[0].split()
        end = _FIELDS_BEFORE_WORDS + _FIELDS_OF_A_WORD * int(fields[3], 16)
        names[fields[0]] = [_plain(name) for name in fields[_FIELDS_BEFORE_WORDS:end:_FIELDS_OF_A_WORD]]
        # Each pointer is a symbol, an offset, a part of speech, and which words it is about.
        pointers = [fields[start : start + 3] for start in range(end + 1, len(fields), _FIELDS_OF_A_POINTER)]
        kinds[fields[0]] = [offset for symbol, offset, part in pointers if symbol in _KIND_OF and part == "n"]
    of_a_kind = Counter(kind for each in kinds.values() for kind in each)
    senses = {
        offset: Sense(
            tuple(names[offset]),
            tuple(name for kind in kinds[offset] if of_a_kind[kind] <= _MOST_OF_A_KIND for name in names[kind]),
        )
        for offset in names
    }
    nouns = {}
    for line in _lines(os.path.join(folder, _NOUN_INDEX)):
        fields = line.split()
        nouns[_plain(fields[0])] = [senses[offset] for offset in fields[-int(fields[2]) :]]
    words = {_plain(line.split(" ", 1)[0]) for name in _INDICES for line in _lines(os.path.join(folder, name))}
    return WordNet(nouns, words)


def _lines(path: str) -> Iterator[str]:
    """Yields the lines after the licence, which is indented."""
    if not fileio.exists(path):
        raise FileNotFoundError(
            f"There is no {path}. `tasks.search.serving.wordnet` names the folder of WordNet's database files, such as "
            f"/usr/share/wordnet, which the package wordnet-base of Debian and Ubuntu fills. Install it, name another "
            f"folder, or leave the option out."
        )
    with fileio.open(path, "rb") as file:
        for line in file:
            if not line.startswith(b" "):
                yield line.decode("latin-1")


def _plain(name: str) -> str:
    return name.replace("_", " ").lower()
