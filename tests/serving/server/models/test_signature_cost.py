"""What a request is estimated to take, and that it is what TensorFlow takes."""

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.warm_up_file import write_warm_up_file
from serving.server.models.model_card import MODEL_CARD
from serving.server.models.servable import Servable
from serving.server.models.signature_cost import RowCost, SignatureCost
from serving.server.models.warm_up import warm_up

ROW_BYTES = 4_000_000


class Squares(tf.Module):
    """Fills a million numbers a row, and answers `k` of them."""

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.float32, "x"), tf.TensorSpec([None], tf.int32, "k")], autograph=False
    )
    def fill(self, x: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        filled = tf.random.stateless_uniform([tf.shape(x)[0], ROW_BYTES // 4], [1, 2]) * x[:, tf.newaxis]
        return {"numbers": filled[:, : tf.reduce_max(k)], "sum": tf.reduce_sum(filled, axis=1)}


def inputs(rows: int, k: int) -> dict[str, np.ndarray]:
    return {"x": np.ones(rows, np.float32), "k": np.full(rows, k, np.int32)}


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> SignatureCost:
    """Measured of two rows."""
    folder = tmp_path_factory.mktemp("model")
    module = Squares()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.fill})
    write_warm_up_file(str(folder), "squares", {"serving_default": inputs(2, 10)})
    (folder / MODEL_CARD).write_text('{"limits": {"max_k": 1000}}')
    servable = Servable("squares", 1, folder)
    warm_up(servable)
    return servable.costs["serving_default"]


@pytest.mark.parametrize("rows", [1, 7, 300])
def test_the_memory_of_a_row_is_measured(cost: SignatureCost, rows: int) -> None:
    computing, _ = cost.of(inputs(rows, 10), ["sum"])
    # Each number is there twice at the most: as it is drawn, and multiplied.
    assert rows * ROW_BYTES <= computing <= 2.1 * rows * ROW_BYTES


@pytest.mark.parametrize("k", [10, 100, 1000])
def test_an_answer_grows_with_k(cost: SignatureCost, k: int) -> None:
    assert cost.of(inputs(3, k), ["numbers"])[1] == pytest.approx(3 * 4 * k, abs=1)
    assert cost.of(inputs(3, k), ["numbers", "sum"])[1] == pytest.approx(3 * 4 * (k + 1), abs=1)
    assert cost.of(inputs(3, k), ["sum"])[1] == 12


def test_between_two_widths_lies_a_straight_line() -> None:
    measured = SignatureCost(RowCost(10, 100.0, {"a": 20.0}), RowCost(110, 1100.0, {"a": 220.0}))
    for k, (computing, answer) in {5: (100, 20), 10: (100, 20), 60: (600, 120), 110: (1100, 220)}.items():
        assert measured.of(inputs(2, k), ["a"]) == (2 * computing, 2 * answer)
    assert measured.of({"x": np.zeros(4)}, ["a", "unknown"]) == (400, 80)


def test_a_signature_without_k_costs_the_same_whatever_is_asked() -> None:
    assert SignatureCost(RowCost(0, 50.0, {})).of({"x": np.zeros((6, 2))}, ["a"]) == (300, 0)
