"""What matters to a scorer of lists, against random orders and what is the same in a list."""

from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.importance import list_importance, list_ndcg

LISTS, CANDIDATES = 150, 8
NAMES = ("liking", "twin", "age", "sign")


def examples() -> RankerExamples:
    """Lists of which the highest `liking` is relevant; `sign` is the same in a list, `twin` is the liking again."""
    random = np.random.default_rng(0)
    features = random.normal(size=(LISTS, CANDIDATES, len(NAMES))).astype(np.float16)
    features[..., 1] = features[..., 0]
    features[..., 3] = np.where(np.arange(LISTS) % 3 == 0, -1.0, 1.0)[:, np.newaxis]
    valid = np.ones((LISTS, CANDIDATES), bool)
    valid[::2, -3:] = False
    signed = np.where(valid, features[..., 0] * features[..., 3], -np.inf)
    return RankerExamples(
        names=NAMES,
        features=features,
        relevant=signed == signed.max(axis=1, keepdims=True),
        valid=valid,
        novel=valid,
        user=np.arange(LISTS),
    )


def score(given: RankerExamples) -> npt.NDArray[np.floating[Any]]:
    liking, _, _, sign = np.moveaxis(given.features, -1, 0)
    return np.where(given.valid, liking * sign, -np.inf)


def test_what_decides_matters_as_a_random_order_costs() -> None:
    given = examples()
    found = list_importance(given, score, lambda name: "liking" if name == "twin" else name, seed=1)
    assert found["metric"] == "ndcg_at_10"
    assert (found["value"], found["examples"], found["repeats"]) == (1.0, LISTS, 5)
    means = {part["name"]: part["mean"] for part in found["parts"]}
    assert set(means) == {"liking", "age", "sign"}
    # The relevant one is at any place of its list, once the liking says nothing.
    by_chance = [np.mean([1.0 / log2(place + 2) for place in range(row)]) for row in given.valid.sum(axis=1)]
    assert 1.0 - means["liking"] == pytest.approx(np.mean(by_chance), abs=0.03)
    assert means["age"] == 0.0


def test_what_a_list_has_once_is_shuffled_among_lists() -> None:
    given, told = examples(), []

    def recorded(each: RankerExamples) -> npt.NDArray[np.floating[Any]]:
        told.append(each.features[..., 3])
        return score(each)

    found = list_importance(given, recorded, lambda name: name, seed=1)
    assert all((signs == signs[:, :1]).all() for signs in told)
    # A third of the signs is of one kind: by chance four of nine lists get the wrong one, and are turned round.
    last = 1.0 / np.log2(given.valid.sum(axis=1) + 1)
    (sign,) = (part for part in found["parts"] if part["name"] == "sign")
    assert sign["mean"] == pytest.approx(4 / 9 * (1.0 - last.mean()), abs=0.04)


def test_ndcg_of_a_list_by_hand() -> None:
    relevant = np.array([[False, True, True, False]])
    found = list_ndcg(relevant, np.array([[4.0, 3.0, 1.0, -np.inf]]))
    assert found.tolist() == pytest.approx([(1 / log2(3) + 1 / log2(4)) / (1 + 1 / log2(3))])
