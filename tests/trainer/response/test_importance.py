"""What matters to a response model, beside the same by hand; and what each feature is said to be about."""

import numpy as np
import pytest

from serving.response.features import ResponseFeatures
from serving.response.items import ResponseItems
from tests.trainer.response.test_network import NAMES, SMALL, table
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.importance import part_of_number, parts_of, response_importance
from trainer.response.measures import normalised_entropy
from trainer.response.network import ResponseNetwork, new_network


def network(asked: FeatureTable) -> ResponseNetwork:
    """One that counts the first number, and the place a little."""
    found = new_network(NAMES, 0, SMALL)
    found.adapt(asked)
    kernel = np.zeros(found.linear.kernel.shape, np.float32)
    kernel[0] = 1.5
    found.linear.kernel.assign(kernel)
    found.linear_categories[0].embeddings.assign(np.array([[0.0] * 2, [0.2] * 2, [-0.2] * 2], np.float32))
    return found


def test_what_is_shuffled_is_what_is_measured() -> None:
    asked = table(400, seed=3)
    model = network(asked)
    found = response_importance(model, NAMES, asked, seed=5)
    assert found is not None
    assert (found["metric"], found["examples"]) == ("explained_entropy", 400)
    happened = asked.outcomes[:, 0]
    parts = {part["name"]: part for part in found["parts"]}
    assert list(parts)[:2] == ["liked", "place"]
    assert parts["noise"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert parts["which offer or product it is"]["mean"] == pytest.approx(0.0, abs=1e-6)
    for place, name in enumerate(("liked", "noise", "place")):
        random, losses = np.random.default_rng([5, place]), []
        for _ in range(found["repeats"]):
            order = random.permutation(400)
            inputs = {key: value.copy() for key, value in asked.inputs().items()}
            if name == "place":
                inputs["categories"] = inputs["categories"][order]
            else:
                inputs["numbers"][:, place] = inputs["numbers"][order, place]
            by_hand = normalised_entropy(model.probabilities(inputs).numpy()[:, 0], happened)
            losses.append(by_hand - (1.0 - found["value"]))
        assert parts[name]["mean"] == pytest.approx(np.mean(losses), abs=1e-6)
        assert parts[name]["deviation"] == pytest.approx(np.std(losses, ddof=1), abs=1e-6)


def test_without_two_outcomes_nothing_is_measured() -> None:
    asked = table(40, seed=3)
    same = asked.rows(np.flatnonzero(asked.outcomes[:, 0] == 0.0))
    assert response_importance(network(asked), NAMES, same, seed=0) is None


def test_every_feature_is_about_something_that_people_know() -> None:
    items = ResponseItems(
        item_ids=[b"a"],
        texts=[b""],
        numbers=np.zeros((1, 1), np.float32),
        number_names=("coupons",),
        categories=np.array([[b"type A"]], object),
        category_names=("kind",),
        vectors=np.zeros((1, 2), np.float32),
        text_vectors=np.zeros((1, 2), np.float32),
        starts=np.zeros(1, np.int64),
        ends=np.zeros(1, np.int64),
        product_ids=[b"p"],
        product_vectors=np.zeros((1, 2), np.float32),
        item_of_pair=np.zeros(1, np.int64),
        product_of_pair=np.zeros(1, np.int64),
    )
    names = ResponseFeatures(items, ["view", "purchase"], ["clicked", "bought"]).number_names
    about = {name: part_of_number(name, ["clicked", "bought"]) for name in names}
    assert {name for name, part in about.items() if part == name} == {"coupons"}
    assert about["days_since_clicked"] == about["past_bought_rate"] == about["shown_same_kind"] == about["shown_this"]
    assert about["purchase_28_days"] == about["days_since_event"] == "what the user did lately"
    assert about["offer_products_28_days"] == about["likeness_to_history"] == "whether the user has what is shown"
    assert about["offer_shown"] == about["offer_bought_rate"] == "how others responded to it"


def test_a_column_of_numbers_and_categories_is_one_part() -> None:
    names = FeatureNames(numbers=("age",), categories={"age": ("old",)}, items=1, positions=0, outcomes=("clicked",))
    assert parts_of(names, vector_width=3)["age"] == {"numbers": [0], "categories": [0]}
    assert {"vectors": None} in parts_of(names, vector_width=3).values()
    assert {"vectors": None} not in parts_of(names, vector_width=0).values()
