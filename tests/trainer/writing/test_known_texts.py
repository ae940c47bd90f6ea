"""Texts of like products, put right."""

import pytest
import tensorflow as tf

from serving.writing.facts import CheckedFacts, FactCheck
from trainer.writing.known_texts import KnownTexts, without_facts
from trainer.writing.options import DESCRIPTION
from trainer.writing.pairs import Pair

TERMS = {"colour": ("red", "blue", "white", "black"), "material": ("cotton", "silk")}
CHECK = FactCheck(CheckedFacts(terms=TERMS, same_as={"two": "2"}))


def product(title: str, description: str = "", brand: str = "Acme") -> Pair:
    return Pair.of(DESCRIPTION, {"title": f"{brand} {title}", "brand": brand}, description)


def reasons(pairs: list[Pair], texts: list[str]) -> list[str]:
    sources = [" ".join(pair.fields) for pair in pairs]
    any_word = tf.fill([len(texts)], "")
    return [each.decode() for each in CHECK.unsupported(tf.constant(texts), tf.constant(sources), any_word).numpy()]


@pytest.mark.parametrize(
    ("known", "wanted", "text"),
    [
        # A colour becomes the product's own, once.
        (product("Red T-shirt", "Red T-shirt, soft."), product("Blue T-shirt"), "Blue T-shirt, soft."),
        (product("Red White T-shirt", "Red and white T-shirt."), product("Blue T-shirt"), "Blue T-shirt."),
        # What the titles have in different words, too.
        (product("Red Shirt", "A red shirt, soft."), product("Red Skirt"), "A red skirt, soft."),
        # Clauses with other facts go, and the first clause becomes the title where words of it are missing.
        (product("Red Shirt", "Red shirt, 2 pockets, soft."), product("Red Shirt"), "Red shirt, soft."),
        (product("Red Shirt", "Red shirt, soft."), product("Red Striped Shirt"), "Red striped shirt, soft."),
        (product("Red Shirt", "Nice one, soft."), product("Red Striped Shirt"), "Red striped shirt. Nice one, soft."),
        # Another brand's name is not taken over.
        (product("Red Shirt", "Red shirt, soft.", "Other"), product("Red Shirt"), "Red shirt, soft."),
    ],
)
def test_what_is_not_so_is_changed(known: Pair, wanted: Pair, text: str) -> None:
    far = product("Garden chair", "A chair.")
    assert KnownTexts([known, far], TERMS).candidates([wanted], 1, reasons) == [[text]]


def test_nothing_like_it_gives_no_candidate() -> None:
    known = KnownTexts([product("Garden chair", "A chair.")], TERMS)
    assert known.candidates([Pair.of(DESCRIPTION, {"title": "Tea"})], 3, reasons) == [[]]


def test_all_candidates_pass() -> None:
    known = [
        product(f"{colour} {kind}", f"{colour} {kind}, two of 7, in {colour} silk.")
        for colour in ("Red", "Blue")
        for kind in ("shirt", "skirt")
    ]
    wanted = [product("White cotton shirt"), product("Black skirt")]
    found = KnownTexts(known, TERMS).candidates(wanted, 4, reasons)
    for pair, texts in zip(wanted, found, strict=True):
        assert texts
        assert not any(reasons([pair] * len(texts), texts))


@pytest.mark.parametrize(
    ("text", "reason", "left"),
    [
        ("Soft, two pockets, warm", "not in the facts: number 2", "Soft, warm"),
        ("12 pockets. and warm", "not in the facts: number 12", "Warm"),
        ("Warm, in navy blue.", "not in the facts: colour navy", "Warm."),
        ("Warm", "banned: warm", "Warm"),
        ("Warm", "not in the facts: claim warm", ""),
    ],
)
def test_clauses_with_wrong_facts_are_left_out(text: str, reason: str, left: str) -> None:
    assert without_facts(text, reason) == left


@pytest.mark.parametrize(("said", "begins"), [("flip flops", "Black striped flip-flops"), ("sandals", "Black striped")])
def test_a_word_that_the_shop_writes_apart_is_not_left_out(said: str, begins: str) -> None:
    """What hardly any text repeats is left out of titles; a hyphen in place of a blank is no other word."""
    known = [product(f"Red {number} flip-flops", f"A pair of red {said}, soft.") for number in range(30)]
    found = KnownTexts(known, TERMS).candidates(
        [product("Black striped flip-flops")], 1, lambda pairs, texts: [""] * len(texts)
    )
    assert found[0][0].startswith(f"{begins}. ")
