"""What a catalogue calls kinds of things, counted in plain Python."""

from random import Random

import numpy as np

from trainer.search.index.kinds import with_kinds
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions


def kinds_of(texts: list[str]) -> set[str]:
    postings = with_kinds(build_postings(texts, LexicalOptions()), texts)
    return {word.decode() for word, kind in zip(postings.words, postings.kinds, strict=True) if kind}


def test_a_kind_ends_half_of_the_phrases_that_have_it() -> None:
    texts = [
        "Chicken soup, 12 oz (Private brand, Soup)",
        "Soup bowls for cats",
        "Chicken Wings/Thighs",
        "Pull-down faucet with sprayer",
        "牛奶 500 ml",
    ]
    # Chicken ends none; oz and ml are too short, and Han has no words with ends.
    assert kinds_of(texts) == {"soup", "brand", "bowl", "cat", "wing", "thigh", "faucet", "sprayer"}


def test_counted_phrase_by_phrase() -> None:
    random = Random(5)
    words = ["apple", "bread", "cream", "donut", "fudge"]
    phrases = [[random.choice(words) for _ in range(random.randint(1, 3))] for _ in range(300)]
    texts = [", ".join(" ".join(phrase) for phrase in phrases[start : start + 3]) for start in range(0, 300, 3)]
    expected = {
        word
        for word in words
        if 2 * sum(phrase[-1] == word for phrase in phrases) >= sum(word in phrase for phrase in phrases)
    }
    assert kinds_of(texts) == expected


def test_no_texts_have_no_kinds() -> None:
    for texts in ([""], ["!!!", "牛奶"]):
        postings = with_kinds(build_postings(texts, LexicalOptions()), texts)
        assert postings.kinds.dtype == np.bool_
        assert not postings.kinds.any()
