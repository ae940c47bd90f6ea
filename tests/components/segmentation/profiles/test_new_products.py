"""Who is first to buy a new product, beside what plain Python counts and a taste that was planted."""

import numpy as np
import pyarrow as pa
import pytest

from components.segmentation.profiles.first_buyers import (
    FirstBuyers,
    best_new_products,
    judged_rows,
    recall,
    training_pairs,
)
from components.segmentation.profiles.new_products import HABITS, ProductGroups, describe_groups, new_product_habits

PERIOD, PERIODS, USERS, PRODUCTS = 100, 6, 40, 120
END = PERIOD * PERIODS
PLACE = {name: place for place, name in enumerate(HABITS)}


@pytest.fixture(scope="module")
def shop() -> tuple[ProductGroups, np.ndarray, np.ndarray, np.ndarray]:
    """Products of four categories that come a few each period; each user buys of one category alone."""
    random = np.random.default_rng(0)
    came = np.sort(random.integers(0, END + PERIOD, PRODUCTS))
    rows = []
    for user in range(USERS):
        for time in random.integers(10, END, 30):
            mine = np.flatnonzero((np.arange(PRODUCTS) % 4 == user % 4) & (came < time))
            if len(mine):
                rows.append((user, int(random.choice(mine[-6:])), int(time)))
    user, product, time = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    ids = [f"p{number:03d}" for number in range(PRODUCTS)]
    products = {
        "product_id": ids,
        "title": [f"title {number % 7}" for number in range(PRODUCTS)],
        "category": [f"shop > kind {number % 4}" for number in range(PRODUCTS)],
        "price": [None if number == 5 else 1.0 + number % 3 for number in range(PRODUCTS)],
    }
    moments = [END - back * PERIOD for back in range(5)]
    sums = pa.table(
        {
            "product_id": pa.array([each.encode() for each in ids], pa.binary()),
            **{
                f"bought_{place}": np.bincount(product[time < moment], minlength=PRODUCTS)
                for place, moment in enumerate(moments)
            },
        }
    )
    return describe_groups(sums, pa.table(products)), user, product, time


def test_habits_are_what_is_counted_by_hand(shop: tuple[ProductGroups, np.ndarray, np.ndarray, np.ndarray]) -> None:
    groups, user, product, time = shop
    back, moment = 1, END - PERIOD
    new, past = groups.new(back, sold=True), time < moment
    assert len(new) > 3
    found = new_product_habits(user[past], product[past], moment - time[past], USERS, groups, new, back, PERIOD)
    assert found.shape == (USERS, len(new), len(HABITS))
    first = [min(time[product == each], default=END) for each in range(PRODUCTS)]
    for asked in range(0, USERS, 7):
        own = [(p, t) for u, p, t in zip(user, product, time, strict=True) if u == asked and t < moment]
        for column, each in enumerate(new):
            value = {name: found[asked, column, place] for name, place in PLACE.items()}
            alike = [(p, t) for p, t in own if p % 4 == each % 4]
            of_title = [(p, t) for p, t in own if p % 7 == each % 7]
            assert value["purchases of the category and brand"] == pytest.approx(np.log1p(len(alike)))
            assert value["share of the purchases of the title"] == pytest.approx(len(of_title) / max(len(own), 1))
            lately = [t for p, t in alike if moment - t < 2 * PERIOD]
            assert value["purchases lately of the category and brand"] == pytest.approx(np.log1p(len(lately)))
            sold = ((product % 4 == each % 4) & past & (time >= moment - PERIOD)).sum()
            assert value["sold lately of the category and brand"] == pytest.approx(np.log1p(sold))
            fresh = [p for p in range(PRODUCTS) if p % 4 == each % 4 and moment - PERIOD <= first[p] < moment]
            buyers = sum((product[past] == p).sum() for p in fresh)
            expected = np.log((buyers + 1) / (len(fresh) + 1))
            assert value["buyers of a new one of the category and brand"] == pytest.approx(expected, abs=1e-5)
            assert value["purchases"] == pytest.approx(np.log1p(len(own)))


def test_a_planted_taste_is_learned_and_new_products_are_named_by_it(
    shop: tuple[ProductGroups, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    groups, user, product, time = shop
    pairs = [training_pairs(user, product, time, USERS, groups, END, back, PERIOD) for back in (2, 3)]
    model = FirstBuyers.fit(np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs]), 0)
    judged = judged_rows(user, product, time, np.arange(USERS), groups, END, 1, PERIOD)
    scores = judged.scores(model)
    assert {name: values.shape for name, values in scores.items()} == dict.fromkeys(scores, judged.bought.shape)
    chance = recall(np.zeros(judged.bought.shape, np.float32), judged.bought)
    assert recall(scores["habits"], judged.bought) > chance
    named = best_new_products(user, product, END - time, USERS, groups, model, 50, 3, PERIOD)
    unsold = {f"p{number:03d}" for number in set(range(PRODUCTS)) - set(product.tolist())}
    for asked, row in enumerate(named):
        assert len(row) == min(3, len(unsold))
        assert set(row) <= unsold
        mine = {each for each in unsold if int(each[1:]) % 4 == asked % 4}
        assert set(row[: len(mine)]) <= mine
    every = best_new_products(user, product, END - time, USERS, groups, model, PRODUCTS, PRODUCTS, PERIOD)
    titles = {int(each[1:]) % 7 for each in unsold}
    for row in every:
        rows = [int(each[1:]) for each in row]
        # Each title once, and of a category no more than three as long as there are others.
        assert {each % 7 for each in rows} == titles
        assert len(rows) == len(titles)
        kinds = [each % 4 for each in rows]
        counts = [kinds[: place + 1].count(kind) for place, kind in enumerate(kinds)]
        assert [count > 3 for count in counts] == sorted(count > 3 for count in counts)


def test_recall_counts_what_is_among_the_ten() -> None:
    scores = np.tile(np.arange(20.0, dtype=np.float32), (2, 1))
    bought = np.zeros((2, 20), np.bool_)
    bought[0, [19, 0]] = True
    bought[1, [12]] = True
    assert recall(scores, bought) == (0.5 + 1.0) / 2
