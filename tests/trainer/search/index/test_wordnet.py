"""WordNet's files as they are laid out, and nouns that a catalogue calls otherwise."""

from pathlib import Path

import numpy as np
import pytest

from trainer.search.index.corrections import known_words
from trainer.search.index.postings import build_postings
from trainer.search.index.synonyms import learn_synonyms, still_synonyms
from trainer.search.index.wordnet import Sense, WordNet, read_wordnet

LICENCE = "  1 This is how a licence stands there.\n"
NOUNS = """\
00000001 06 n 03 Diaper 0 nappy 0 napkin 0 001 @ 00000003 n 0000 | worn by (very) young | people
00000002 06 n 01 nappy 1 002 @ 00000003 n 0000 + 00000009 a 0101 | a dish
00000003 06 n 02 garment 0 piece_of_clothing 0 000 | something to wear
00000004 06 n 01 Oreo 0 001 @i 00000005 n 0000 | a brand
00000005 13 n 02 cookie 0 biscuit 0 000 | a small flat cake
"""
INDEX = """\
cookie n 1 0 1 0 00000005
nappy n 2 1 @ 2 1 00000001 00000002
oreo n 1 1 @i 1 0 00000004
piece_of_clothing n 1 0 1 0 00000003
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.noun").write_text(LICENCE + NOUNS, encoding="latin-1")
    (tmp_path / "index.noun").write_text(LICENCE + INDEX, encoding="latin-1")
    for part, word in (("verb", "pamper"), ("adj", "gluten-free"), ("adv", "dearly")):
        (tmp_path / f"index.{part}").write_text(f"{LICENCE}{word} x 1 0 1 0 00000001\n", encoding="latin-1")
    return tmp_path


def test_senses_have_names_and_kinds(folder: Path) -> None:
    wordnet = read_wordnet(str(folder))
    clothes = ("garment", "piece of clothing")
    assert wordnet.nouns["nappy"] == [Sense(("diaper", "nappy", "napkin"), clothes), Sense(("nappy",), clothes)]
    assert wordnet.nouns["oreo"] == [Sense(("oreo",), ("cookie", "biscuit"))]
    assert wordnet.words == {"cookie", "nappy", "oreo", "piece of clothing", "pamper", "gluten-free", "dearly"}


def test_a_kind_of_too_many_things_is_none(folder: Path) -> None:
    more = "".join(f"{row:08d} 06 n 01 thing{row} 0 001 @ 00000003 n 0000 | one of many\n" for row in range(100, 159))
    with (folder / "data.noun").open("a", encoding="latin-1") as file:
        file.write(more)
    assert {sense.kinds for sense in read_wordnet(str(folder)).nouns["nappy"]} == {()}


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"wordnet-base"):
        read_wordnet(str(tmp_path))


TEXTS = [
    "Baby Diapers, 8 ct",
    "Diapers",
    "Diaper",
    *["Cookies"] * 3,
    *["Plastic Wrap"] * 3,
    *["Film"] * 3,
    *["Wine"] * 3,
]
# One axis a kind of thing: diapers, cookies, wrap, film, wine.
VECTORS = np.repeat(np.eye(5, dtype=np.float32), 3, axis=0)
AXES = {
    "puff": [0.6, 0.8, 0.0, 0.0, 0.0],
    "coke": [0.1, 0.2, 0.0, 0.0, 0.1],
    "puff coke": [0.0] * 5,
    "filming": [0.0] * 3 + [1.0, 0.0],
}
WORDNET = WordNet(
    {
        "nappy": [Sense(("nappy", "napkin", "diaper"), ("cookie",))],
        "oreo": [Sense(("oreo",), ("cookie",)), Sense(("oreo", "wine"), ())],
        "cling film": [Sense(("cling film",), ("plastic wrap",))],
        # Neither of its words is strange, and a kind that only repeats a word of it says nothing.
        "wine film": [Sense(("wine film",), ("cookie",))],
        "red wine": [Sense(("red wine",), ("wine",))],
        # The catalogue has it, or no name of it.
        "wine": [Sense(("wine", "diaper"), ())],
        "sock": [Sense(("sock",), ("garment",))],
        # The encoder knows them: one by its texts, not by its first sense, and one that is near to nothing.
        "puff": [Sense(("diaper",), ()), Sense(("puff", "cookie"), ())],
        "coke": [Sense(("coke", "cookie"), ())],
        "puff coke": [Sense(("cookie",), ())],
        # A form of the same word.
        "filming": [Sense(("film",), ())],
    },
    set(),
)
SYNONYMS = {"nappy": "diaper", "oreo": "cookie", "cling film": "plastic wrap film", "puff": "cookie"}


def test_nouns_are_called_what_the_catalogue_calls_them() -> None:
    def embed(words: list[str]) -> np.ndarray:
        return np.array([AXES[word] for word in words], np.float32)

    postings = build_postings(TEXTS, None)
    assert learn_synonyms(WORDNET, postings, VECTORS, known_words(list(AXES)), embed) == SYNONYMS


def test_too_few_texts_are_no_name() -> None:
    postings = build_postings(TEXTS[1:4], None)
    found = learn_synonyms(WORDNET, postings, VECTORS[1:4], known_words([]), lambda words: np.zeros((len(words), 5)))
    assert found == {}


def test_another_catalogue_keeps_what_it_lacks_and_has_the_words_of() -> None:
    postings = build_postings(["nappy and diaper", "Cookies", "Film"], None)
    assert still_synonyms(SYNONYMS, postings) == {"oreo": "cookie", "puff": "cookie"}
