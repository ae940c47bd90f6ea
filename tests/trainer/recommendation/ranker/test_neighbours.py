"""Neighbours of products, by the users who had both."""

from pathlib import Path

import numpy as np
import pytest

from tests.components.recommendation.judging.ranking_data import random_users, serialize
from trainer.recommendation.judged_users import parse_judged_users
from trainer.recommendation.ranker.neighbours import load_neighbours, neighbour_table, save_neighbours, with_products

PRODUCTS = 40


@pytest.mark.parametrize("neighbours", [1, 5, 100])
def test_the_table_equals_counting_pairs(neighbours: int, tmp_path: Path) -> None:
    people = random_users(60, products=PRODUCTS, seed=4)
    users = parse_judged_users([serialize(user, str(number)) for number, user in enumerate(people)])
    had = [{event[0] for event in user.history} for user in people]
    save_neighbours(neighbour_table(users, PRODUCTS, neighbours), str(tmp_path))
    table = load_neighbours(str(tmp_path))
    counts = [sum(product in products for products in had) for product in range(PRODUCTS)]
    for product in range(PRODUCTS):
        near = {}
        for other in set(range(PRODUCTS)) - {product}:
            together = sum({product, other} <= products for products in had)
            if together:
                near[other] = together / ((counts[product] + 20) ** 0.5 * (counts[other] + 20) ** 0.8)
        found = {
            int(other): float(weight)
            for other, weight in zip(table.products[product], table.weights[product], strict=True)
            if other >= 0
        }
        assert len(found) == min(neighbours, len(near))
        assert found == pytest.approx({other: near[other] for other in found}, rel=1e-5)
        rest = [weight for other, weight in near.items() if other not in found]
        assert not rest or min(found.values()) >= max(rest) - 1e-7
        assert list(found.values()) == sorted(found.values(), reverse=True)


def test_users_without_histories_have_no_neighbours() -> None:
    people = random_users(6, products=9, seed=4)
    users = parse_judged_users([serialize(user, str(number)) for number, user in enumerate(people)]).latest(0)
    table = neighbour_table(users, 9, 3)
    assert np.all(np.asarray(table.products) == -1)
    assert not np.any(table.weights)


def test_a_catalogue_that_has_grown_has_the_same_neighbours_and_none_for_what_is_new() -> None:
    people = random_users(60, products=PRODUCTS, seed=4)
    users = parse_judged_users([serialize(user, str(number)) for number, user in enumerate(people)])
    table = neighbour_table(users, PRODUCTS, 5)
    # Product 3 is gone, and two are new.
    known = np.array([-1, *(row for row in range(PRODUCTS) if row != 3), -1])
    grown = with_products(table, known)
    for row, old in enumerate(known.tolist()):
        found = {
            int(known[near]): float(weight)
            for near, weight in zip(grown.products[row], grown.weights[row], strict=True)
            if near >= 0
        }
        before = zip(table.products[old].tolist(), table.weights[old].tolist(), strict=True) if old >= 0 else ()
        assert found == {near: weight for near, weight in before if near not in (-1, 3)}
    assert not np.any(np.asarray(grown.weights)[np.asarray(grown.products) < 0])
