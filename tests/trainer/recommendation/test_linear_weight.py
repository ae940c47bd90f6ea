"""How much the linear model weighs, on users whom only it, or only the towers, tell apart."""

import numpy as np
import pytest

from tests.trainer.recommendation.tiny_shop import PRODUCTS, TinyShop, product_kind, write_tiny_shop
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.catalogue_ranking import vector_metrics
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.linear_weight import WEIGHTS, weigh_linear_part
from trainer.recommendation.options import TowerOptions
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.towers import Towers, build_towers


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> TinyShop:
    return write_tiny_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def items(shop: TinyShop) -> ItemFeatures:
    return load_items(str(shop.catalogue), str(shop.transformed))


@pytest.fixture(scope="module")
def users(shop: TinyShop) -> JudgedUsers:
    return load_judged_users(str(shop.examples), "eval")


def towers_with(items: ItemFeatures, linear_vectors: np.ndarray) -> Towers:
    built = build_towers(TowerOptions(dimensions=8, layers=1, dropout=0.0, history=12), items, 2)
    return built._replace(linear_vectors=linear_vectors.astype(np.float32))


def test_what_knows_the_kinds_weighs_more_than_fresh_towers(items: ItemFeatures, users: JudgedUsers) -> None:
    kinds = np.eye(4)[product_kind(np.arange(PRODUCTS))]
    weighed, weight = weigh_linear_part(towers_with(items, kinds), items, users)
    assert weight in WEIGHTS
    assert weight > WEIGHTS[0]
    np.testing.assert_allclose(weighed.linear_vectors, weight * kinds)


def test_a_linear_model_that_says_nothing_weighs_least(items: ItemFeatures, users: JudgedUsers) -> None:
    weighed, weight = weigh_linear_part(towers_with(items, np.zeros((PRODUCTS, 4))), items, users)
    assert weight == WEIGHTS[0]
    assert not weighed.linear_vectors.any()


def test_without_users_or_a_linear_model_nothing_changes(items: ItemFeatures, users: JudgedUsers) -> None:
    kinds = np.eye(4)[product_kind(np.arange(PRODUCTS))]
    weighed, weight = weigh_linear_part(towers_with(items, kinds), items, users.latest(0))
    assert weight == 1.0
    np.testing.assert_array_equal(weighed.linear_vectors, kinds)
    assert weigh_linear_part(towers_with(items, np.zeros((PRODUCTS, 0))), items, users)[1] == 1.0


def test_metrics_of_vectors_that_know_the_answer_are_perfect(users: JudgedUsers) -> None:
    answers = np.zeros((len(users), PRODUCTS), np.float32)
    for row in range(len(users)):
        answers[row, users.targets(row)] = 1.0
    assert vector_metrics(answers, np.eye(PRODUCTS, dtype=np.float32), users)["ndcg_at_10"] == pytest.approx(1.0)
