"""The words that a dictionary adds to a search: WordNet and where it is found, and what reads Chinese as pinyin."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfx.dsl.io import fileio

from components.errors import InputError
from serving.index.lexical import Postings
from trainer.search.encoder import Vectors
from trainer.search.index.pinyin import Reading
from trainer.search.index.shoppers_words import NO_MORE_WORDS, ShoppersWords, words_of_wordnet
from trainer.search.options import WORDNET_WHERE_IT_IS
from trainer.search.query_tower.tower import QueryTower

# Where the set-up puts it, and the package wordnet-base of Debian and Ubuntu.
WORDNET_FOLDERS = (f"{sys.prefix}/share/wordnet", "/usr/share/wordnet")
_NOUNS_AT_ONCE = 64


def shoppers_words(
    option: str | None,
    postings: Postings,
    vectors: Vectors,
    known: npt.NDArray[np.int64],
    tower: QueryTower,
) -> tuple[ShoppersWords, dict[str, Any] | None]:
    """Returns what shoppers type beside the catalogue's words, and what index.json says of it.

    Args:
        option: `SearchServingOptions.wordnet`.
        postings: The catalogue's words.
        vectors: float32 `(texts, dimensions)`.
        known: Hashes of the words that the encoder has whole, rising.
        tower: What reads queries.

    Raises:
        InputError: The folder that the option names has no WordNet.
    """
    folder = option
    if option == WORDNET_WHERE_IT_IS:
        folder = next(filter(fileio.isdir, WORDNET_FOLDERS), None)
    words = NO_MORE_WORDS
    if folder is not None:
        try:
            words = words_of_wordnet(folder, postings, vectors, known, lambda nouns: tower.embed(nouns, _NOUNS_AT_ONCE))
        except FileNotFoundError as error:
            raise InputError(str(error)) from error
    return words, None if option is None else {"folder": folder, "synonyms": len(words.synonyms)}


def pinyin_reading(wanted: bool) -> Reading | None:
    """Returns what reads Chinese characters as syllables, ü as v; None where no pinyin is wanted.

    Raises:
        InputError: The package that reads them is not installed.
    """
    if not wanted:
        return None
    try:
        from pypinyin import lazy_pinyin
    except ModuleNotFoundError as error:
        raise InputError(
            "`tasks.search.serving.pinyin` is true, which needs the package pypinyin; it is not installed. "
            "`pip install pypinyin`, or leave the option out."
        ) from error
    return lazy_pinyin


def wordnet_notes(index: dict[str, Any]) -> Sequence[str]:
    """Returns a sentence where index.json says that WordNet was wanted and is not there."""
    wordnet = index.get("wordnet")
    if wordnet is None or wordnet["folder"] is not None:
        return []
    return [
        f"The search knows no synonyms: there is no {WORDNET_FOLDERS[1]}, which the package wordnet-base of Debian and "
        f"Ubuntu fills. Install it and delete the artifacts of SearchIndex, or say `tasks.search.serving.wordnet=null`."
    ]
