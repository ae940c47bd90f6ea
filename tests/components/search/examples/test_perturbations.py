"""Each way of perturbing a query does what it says, for any words and any seed."""

import string
from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.search.examples.perturbations import (
    EVALUATION_PERTURBATIONS,
    ask_shortly,
    change_case,
    join_words,
    keep_longest,
    mistype,
    perturb_for_training,
    query_words,
    reverse,
)

WORDS = st.one_of(
    st.text(string.ascii_lowercase, min_size=1, max_size=9),
    st.text("é0123456789", min_size=1, max_size=3),
    st.text("牛奶茶苹果", min_size=1, max_size=2),
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=8)
# The first letter tells which word a misspelt one was.
TELLABLE = st.lists(
    st.text(string.ascii_lowercase, min_size=1, max_size=9), min_size=1, max_size=8, unique_by=lambda word: word[0]
)
SEEDS = st.integers(0, 10_000)


def edit_distance(one: str, other: str) -> int:
    """Insertions, deletions and replacements that turn one word into another."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row[0] = row[0], place
        for column, wanted in enumerate(other, start=1):
            cost = before + (letter != wanted)
            before, row[column] = row[column], min(cost, row[column] + 1, row[column - 1] + 1)
    return row[-1]


def misspellings(word: str) -> set[str]:
    """All that training may make of a word."""
    if len(word) < 4 or not word.isalpha():
        return {word}
    shortened = {word[:length] for length in range(3, len(word))}
    lost = {word[:place] + word[place + 1 :] for place in range(1, len(word) - 1)}
    swapped = {word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(1, len(word) - 1)}
    return {word} | shortened | lost | swapped


@given(SENTENCES, SEEDS)
def test_the_same_seed_gives_the_same_words(words: list[str], seed: int) -> None:
    for perturb in (perturb_for_training, *EVALUATION_PERTURBATIONS.values()):
        before = list(words)
        once, again = perturb(words, Random(seed)), perturb(words, Random(seed))
        assert once == again
        assert words == before
        assert once
        assert all(once)


@given(TELLABLE, SEEDS)
def test_training_drops_swaps_and_misspells_as_it_says(words: list[str], seed: int) -> None:
    perturbed = perturb_for_training(words, Random(seed))
    originals = {word[0]: place for place, word in enumerate(words)}
    places = [originals[word[0]] for word in perturbed]
    assert 1 <= len(set(places)) == len(places) <= len(words)
    assert sum(second < first for first, second in pairwise(places)) <= 1
    swapped = [place for place, (first, second) in enumerate(pairwise(places)) if second < first]
    for place in swapped:
        places[place], places[place + 1] = places[place + 1], places[place]
    assert places == sorted(places)
    for place, word in zip([originals[word[0]] for word in perturbed], perturbed, strict=True):
        assert word in misspellings(words[place])


def test_training_keeps_many_words_more_often_than_few() -> None:
    words = list("abcdefgh")
    counts = Counter(len(perturb_for_training(words, Random(seed))) for seed in range(2_000))
    # Of n words n - floor(n u^2) are kept, u uniform: n of them with probability 1 / sqrt(n).
    assert counts[8] / 2_000 == pytest.approx(8**-0.5, abs=0.04)
    assert counts[1] / 2_000 == pytest.approx(1 - (7 / 8) ** 0.5, abs=0.02)


@given(TELLABLE, st.sets(st.integers(0, 7)), SEEDS)
def test_short_queries_are_of_one_to_four_usual_words(words: list[str], places: set[int], seed: int) -> None:
    usual = {word for place, word in enumerate(words) if place in places}
    asked = ask_shortly(words, usual, Random(seed))
    assert ask_shortly(words, usual, Random(seed)) == asked
    assert 1 <= len(asked) <= 4
    allowed = usual or set(words)
    as_written = {either for word in allowed for either in misspellings(word)}
    compounds = {first + second for first in as_written for second in as_written if first[0] != second[0]}
    assert set(asked) <= as_written | compounds
    # At most two words are written as one, and none is there twice.
    assert sum(word not in as_written for word in asked) <= 1


def test_short_queries_have_few_of_the_words() -> None:
    named = ["acme", "ultra", "quiet", "oscillating", "tower", "fan", "with", "remote", "control", "in", "black"]
    words = [*named, "3", "42"]
    usual = frozenset(words) - {"acme", "with", "in"}
    asked = [ask_shortly(words, usual, Random(seed)) for seed in range(3_000)]
    assert not any({"acme", "with", "in"} & set(query) for query in asked)
    shared = [len(set(query) & set(words)) / len(words) for query in asked]
    assert np.mean(shared) < 0.25
    # As people ask: three words on average, of which now and then one is a number.
    assert 2.3 < np.mean([len(query) for query in asked]) < 3.2
    assert 0.1 < np.mean([any(word.isdigit() for word in query) for query in asked]) < 0.25
    compounds = {first + second for first in named for second in named}
    assert 0.03 < np.mean([any(word in compounds for word in query) for query in asked]) < 0.1


@given(SENTENCES, SEEDS)
def test_a_typo_is_one_neighbouring_or_doubled_key_in_the_longest_word(words: list[str], seed: int) -> None:
    typed = mistype(words, Random(seed))
    changed = [place for place, (word, other) in enumerate(zip(words, typed, strict=True)) if word != other]
    longest = max(words, key=len)
    if len(longest) < 4 or not set(longest) & set(string.ascii_lowercase):
        assert changed == []
        return
    (place,) = changed
    assert len(words[place]) == len(longest)
    assert edit_distance(words[place], typed[place]) == 1
    assert len(typed[place]) - len(words[place]) in (0, 1)
    if len(typed[place]) > len(words[place]):
        doubled = {word[:at] + word[at] * 2 + word[at + 1 :] for word in [words[place]] for at in range(len(word))}
        assert typed[place] in doubled
    else:
        ((old, new),) = [pair for pair in zip(words[place], typed[place], strict=True) if pair[0] != pair[1]]
        assert any(old + new in row or new + old in row for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm"))


@given(SENTENCES, SEEDS)
def test_the_longest_words_are_kept_in_their_order(words: list[str], seed: int) -> None:
    kept = keep_longest(words, Random(seed))
    assert len(kept) == min(len(words), max(2, len(words) // 2))
    rest = iter(words)
    assert all(word in rest for word in kept)
    dropped = Counter(words) - Counter(kept)
    assert max(map(len, dropped), default=0) <= min(map(len, kept))


@given(SENTENCES, SEEDS)
def test_reversed_twice_is_as_before(words: list[str], seed: int) -> None:
    turned = reverse(words, Random(seed))
    assert turned == [words[-place] for place in range(1, len(words) + 1)]
    assert reverse(turned, Random(seed)) == words


@given(SENTENCES, SEEDS)
def test_only_the_case_changes(words: list[str], seed: int) -> None:
    changed = change_case(words, Random(seed))
    assert [word.lower() for word in changed] == words
    assert all(word == word.upper() or word[1:] == word[1:].lower() for word in changed)
    if any(word[0] in string.ascii_lowercase for word in words):
        assert changed != words


@given(SENTENCES)
def test_words_come_back_from_the_query_that_they_are_joined_to(words: list[str]) -> None:
    query = join_words(words)
    assert query.replace(" ", "") == "".join(words)
    again = query_words(query)
    assert "".join(again) == "".join(words)
    assert join_words(again) == join_words(query_words(query.upper()))


def test_scripts_without_spaces_go_in_pairs() -> None:
    assert query_words("全脂牛奶3L, Bio (2 x)") == ["全脂", "牛奶", "3l", "bio", "2", "x"]
    assert join_words(["全脂", "牛奶", "3l", "bio"]) == "全脂牛奶 3l bio"
    assert join_words(reverse(query_words("全脂牛奶"), Random(0))) == "牛奶全脂"
    assert join_words(keep_longest(query_words("全脂牛奶 三公升装"), Random(0))) == "全脂牛奶"
    for seed in range(20):
        trained = join_words(perturb_for_training(query_words("全脂牛奶"), Random(seed)))
        assert trained in {"全脂牛奶", "牛奶全脂", "全脂", "牛奶"}


def test_what_is_no_word_makes_no_query() -> None:
    assert query_words(" -- & ?! \n\t") == []
    assert query_words("A & B") == ["a", "b"]


@pytest.mark.parametrize("words", [["tea"], ["12"], ["茶"], ["a", "b"]])
def test_short_words_are_never_misspelt(words: list[str]) -> None:
    for seed in range(100):
        assert set(perturb_for_training(words, Random(seed))) <= set(words)
        assert mistype(words, Random(seed)) == words
