"""Groups of results: their numbers and labels, and what they are chosen by, beside plain Python and NumPy."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from serving.index.exact import ExactIndex
from serving.search.grouping import phrase_groups
from serving.search.grouping.category_groups import DEEPER_WORTH, MOST_GROUPS, ONE_KIND, PRICES, CategoryGroups
from serving.search.grouping.groups import ALL, LONGEST_LABEL, OTHER, ResultGroups, numbered
from trainer.search.groups.names import group_names

Path = tuple[str, ...]
SHOP: list[Path] = [
    *[("Grocery", "Cereal", kind) for kind in ("Kids", "Adult", "Granola")],
    *[("Grocery", "Soup", kind) for kind in ("Dry", "Canned")],
    ("Grocery", "Milk"),
    ("Garden", "Tools", "Rakes"),
    ("Garden", "Seeds"),
    ("Toys",),
    (),
]
WORDS = ("soft white", "bright white", "daylight", "flood", "candle", "spot", "reading", "night")


def random_paths(seed: int, size: int) -> list[Path]:
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet(np.full(len(SHOP), 0.4))
    return [SHOP[place] for place in generator.choice(len(SHOP), size, p=shares)]


def by_categories(paths: Sequence[Path]) -> ResultGroups:
    names = group_names([""] * len(paths), [" > ".join(path) for path in paths], np.arange(len(paths)))
    assert names.categories is not None
    return ResultGroups(names, ExactIndex(np.zeros((1, 2), np.float32)))


def answer(groups: ResultGroups, products: Sequence[Sequence[int]], k: Sequence[int] | None = None) -> list[list[str]]:
    """The label of each shown product; checks the numbers."""
    table = tf.ragged.constant(products, tf.int32).to_tensor(-1)
    ids, labels = groups.group(tf.fill([len(products)], ""), table, table, None if k is None else tf.constant(k))
    rows = []
    for row, (numbers, texts) in enumerate(zip(ids.numpy(), labels.numpy(), strict=True)):
        shown = len(products[row]) if k is None else min(k[row], len(products[row]))
        assert (numbers[shown:] == -1).all()
        assert (texts[shown:] == b"").all()
        names = [text.decode() for text in texts[:shown]]
        firsts = [name for name in dict.fromkeys(names) if name != OTHER]
        order = [*firsts, *([OTHER] if OTHER in names else [])]
        assert [order.index(name) for name in names] == numbers[:shown].tolist()
        assert all(0 < len(name) <= LONGEST_LABEL for name in names)
        rows.append(names)
    return rows


def worths_of(paths: Sequence[Path]) -> dict[Path, float]:
    """What each category is worth, by the docstring of `CategoryGroups`; a path that ends early goes on at no worth."""
    worths: dict[Path, float] = {}
    counts = Counter(path[:depth] for path in paths for depth in range(len(path) + 1))
    for path in counts:
        surprise = sum(
            (1.0 if depth < 3 else DEEPER_WORTH) * math.log(counts[path[: depth - 1]] / counts[path[:depth]])
            for depth in range(1, len(path) + 1)
        )
        worths[path] = counts[path] / len(paths) * surprise
    return worths


def best_split(paths: Sequence[Path], price: float) -> set[Path]:
    """The best categories at a price, among all sets of categories of which none is below another."""
    worths = {path: worth for path, worth in worths_of(paths).items() if path}
    found: tuple[float, set[Path]] = (0.0, set())
    for size in range(1, len(worths) + 1):
        for chosen in itertools.combinations(worths, size):
            if any(a != b and b[: len(a)] == a for a in chosen for b in chosen):
                continue
            found = max(found, (sum(worths[path] - price for path in chosen), set(chosen)), key=lambda each: each[0])
    return found[1]


def plain_groups(paths: Sequence[Path]) -> list[Path | None]:
    """The category of each product: of the lowest price that leaves seven groups."""
    for price in PRICES:
        chosen = best_split(paths, float(price))
        groups = [next((path[:depth] for depth in (1, 2, 3) if path[:depth] in chosen), None) for path in paths]
        if len(set(groups)) <= MOST_GROUPS:
            break
    if any(groups):
        return groups
    counts = Counter(path[:depth] for path in paths for depth in range(1, len(path) + 1))
    kinds = [path for path, count in counts.items() if count >= ONE_KIND * len(paths)]
    kind = max(kinds, key=len, default=())
    return [kind if kind and path[: len(kind)] == kind else None for path in paths]


@pytest.mark.parametrize("seed", range(8))
def test_categories_are_the_best_of_all_sets(seed: int) -> None:
    paths = random_paths(seed, 40)
    expected = [path[-1] if path else None for path in (each or () for each in plain_groups(paths))]
    (found,) = answer(by_categories([*paths, *SHOP]), [range(40)])
    if any(expected):
        assert found == [name or OTHER for name in expected]
    else:
        assert set(found) == {ALL}


@pytest.mark.parametrize("seed", range(3))
def test_a_row_does_not_depend_on_the_others(seed: int) -> None:
    paths = random_paths(seed, 90)
    groups = by_categories([*paths, *SHOP])
    rows = [range(60), range(30, 90), range(5), []]
    assert answer(groups, rows) == [answer(groups, [row])[0] if len(row) else [] for row in rows]


def test_no_rows() -> None:
    paths = random_paths(0, 20)
    titles = [f"{WORDS[row % 8]} bulb" for row in range(40)]
    for groups in (by_categories([*paths, *SHOP]), by_phrases(titles, np.eye(40))):
        empty = tf.zeros([0, 10], tf.int32)
        ids, labels = groups.group(tf.constant([], tf.string), empty, empty, tf.zeros([0], tf.int32))
        assert ids.shape == labels.shape == (0, 10)


def test_what_all_are_is_one_group() -> None:
    paths: list[Path] = [("Grocery", "Soup", "Dry")] * 9 + [("Garden", "Seeds")]
    groups = by_categories(paths)
    assert answer(groups, [range(9)]) == [["Dry"] * 9]
    assert answer(groups, [[9]]) == [["Seeds"]]


def test_numbers_are_those_of_what_is_shown() -> None:
    paths: list[Path] = [("Grocery",), ("Toys",), ("Grocery",), ("Garden",)] * 5
    groups = by_categories(paths)
    (shown,) = answer(groups, [range(20)], k=[2])
    assert shown == ["Grocery", "Toys"]
    assert answer(groups, [range(20)])[0][:2] == shown


@pytest.mark.parametrize("seed", range(5))
def test_numbered(seed: int) -> None:
    generator = np.random.default_rng(seed)
    names, shown = generator.integers(-1, 4, (6, 12)), generator.random((6, 12)) < 0.8
    found = numbered(tf.constant(names, tf.int32), tf.constant(shown)).numpy()
    for row in range(6):
        order = list(dict.fromkeys(name for name, real in zip(names[row], shown[row], strict=True) if real))
        order = [name for name in order if name >= 0] + [name for name in order if name < 0]
        expected = [order.index(name) if real else -1 for name, real in zip(names[row], shown[row], strict=True)]
        assert found[row].tolist() == expected


def by_phrases(titles: Sequence[str], vectors: np.ndarray) -> ResultGroups:
    names = group_names(titles, [""] * len(titles), np.arange(len(titles)))
    assert names.phrases is not None
    return ResultGroups(names, ExactIndex(vectors.astype(np.float32)))


def bulbs(seed: int, noise: float = 0.3) -> tuple[list[str], np.ndarray]:
    """Titles of bulbs of some kinds, with vectors of their kinds, after others that make their words rare."""
    generator = np.random.default_rng(seed)
    kinds = generator.choice(len(WORDS), 40, p=generator.dirichlet(np.ones(len(WORDS))))
    titles = [f"{WORDS[kind]} bulb {'abc'[place % 3]}{place}" for place, kind in enumerate(kinds)]
    others = [f"garden {['rake', 'spade', 'hose', 'shears'][place % 4]} {place}" for place in range(400)]
    vectors = generator.normal(0.0, noise, (440, 16))
    vectors[np.arange(40), kinds] += 1.0
    return titles + others, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def plain_phrase_groups(titles: Sequence[str], vectors: np.ndarray, products: int) -> list[str]:
    """What the docstring of `PhraseGroups` says, one phrase after the other, for the first products."""
    names = group_names(titles, [""] * len(titles), np.arange(len(titles)))
    phrases = names.phrases
    assert phrases is not None
    has = np.zeros((products, len(phrases.words)), bool)
    for row in range(products):
        has[row, [place for place in phrases.of_text[row] if place >= 0]] = True
    count, share = has.sum(axis=0), has.mean(axis=0)
    with np.errstate(divide="ignore"):
        surprise = np.clip(np.log(share / phrases.shares) / phrase_groups.FULL_SURPRISE, 0.0, 1.0)
    worth = phrases.worths * surprise
    fits = (count >= phrase_groups.FEWEST_PRODUCTS) & (share >= phrase_groups.LOWEST_SHARE)
    fits &= share <= phrase_groups.HIGHEST_SHARE
    near = vectors[:products] - vectors[:products].mean(axis=0)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    covers: dict[int, np.ndarray] = {}
    likeness: dict[int, np.ndarray] = {}
    for place in np.flatnonzero(fits).tolist():
        stands_for_it = any(
            phrases.words[other] > phrases.words[place]
            and count[other] <= count[place]
            and (has[:, place] & has[:, other]).sum() >= phrase_groups.SAME_PRODUCTS * count[place]
            and worth[other] >= worth[place] - phrase_groups.WORTH_MARGIN
            for other in np.flatnonzero(fits).tolist()
        )
        if stands_for_it:
            continue
        centre = near[has[:, place]].sum(axis=0)
        likeness[place] = near @ (centre / np.linalg.norm(centre))
        alike = phrase_groups.LIKENESS * np.maximum(likeness[place], 0.0)
        covers[place] = worth[place] * ((1.0 - phrase_groups.LIKENESS) * has[:, place] + alike)
    best, chosen = np.zeros(products), []
    for _ in range(MOST_GROUPS - 1):
        gains = {place: np.maximum(cover - best, 0.0).sum() for place, cover in covers.items()}
        place = max(gains, key=lambda each: gains[each])
        if gains[place] <= phrase_groups.LEAST_GAIN * products:
            break
        chosen.append(place)
        best = np.maximum(best, covers[place])
    groups = []
    for row in range(products):
        own = [place for place in chosen if has[row, place]]
        own = own or [place for place in chosen if likeness[place][row] >= phrase_groups.PLACED_FROM]
        place = max(own, key=lambda each: covers[each][row], default=-1)
        groups.append(names.labels[place].decode() if place >= 0 else OTHER)
    sizes = Counter(groups)
    return [group if sizes[group] > 1 else OTHER for group in groups]


@pytest.mark.parametrize("seed", range(6))
def test_phrases_are_chosen_as_in_numpy(seed: int) -> None:
    titles, vectors = bulbs(seed)
    found = answer(by_phrases(titles, vectors), [range(40), range(40)])
    assert found[0] == found[1] == plain_phrase_groups(titles, vectors, 40)
    assert len(set(found[0])) > 2


def test_a_product_without_a_phrase_goes_to_what_it_is_near_to() -> None:
    titles, vectors = bulbs(1, noise=0.05)
    groups = by_phrases(titles, vectors)
    (before,) = answer(groups, [range(40)])
    lonely = before.index(Counter(before).most_common(1)[0][0])
    names = group_names([*titles, "something else"], [""] * 441, np.arange(441))
    beside = ResultGroups(names, ExactIndex(np.concatenate([vectors, vectors[[lonely]]]).astype(np.float32)))
    (after,) = answer(beside, [[*range(40), 440]])
    assert after[-1] == after[lonely]


def test_the_query_is_no_group() -> None:
    titles, vectors = bulbs(2)
    groups = by_phrases(titles, vectors)
    table = tf.constant([range(40)])
    label = groups.group(tf.constant([""]), table, table)[1].numpy()[0][0]
    asked = tf.constant([label.decode().upper() + "s"])
    assert label != OTHER.encode()
    assert label not in groups.group(asked, table, table)[1].numpy()[0]


def test_what_nothing_tells_apart_is_one_group() -> None:
    titles = ["white bulb", "white bulb", "white bulb", "white bulb", *(f"rake {row}" for row in range(40))]
    groups = by_phrases(titles, np.random.default_rng(0).normal(size=(44, 4)))
    assert answer(groups, [range(4)]) == [["White bulb"] * 4]
    assert answer(by_phrases(["!", "?", "1"], np.eye(3)), [range(3)]) == [[ALL] * 3]


def test_names_have_to_be_of_something() -> None:
    names = group_names(["a"], [""], np.arange(1))
    with pytest.raises(ValueError, match="it has neither"):
        ResultGroups(type(names)(labels=[]), ExactIndex(np.zeros((1, 2), np.float32)))


def test_levels_that_repeat_cost_nothing() -> None:
    categories = np.array([[-1, -1], [0, 0], [1, 2]], np.int32)
    found = CategoryGroups(categories).choose(tf.constant([[1, 1, 2, 2, 0]]), tf.constant([[True] * 4 + [False]]))
    assert found.numpy()[0].tolist() == [0, 0, 1, 1, -1]
