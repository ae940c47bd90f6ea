"""JSON instances as requests, against the real signatures of the small shop."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse

from serving.client import Shelfwise
from shelfwise_client.instances import InstanceReader
from tests.serving.client.hostile import metadata
from tests.serving.recommendation.small_shop import HISTORY_LENGTH


@pytest.fixture(scope="module")
def reader(address: str) -> InstanceReader:
    with Shelfwise(address, timeout_seconds=20) as client:
        return InstanceReader(client.metadata("recommendation"), "filtered")


def arrays(reader: InstanceReader, instance: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: tf.make_ndarray(value) for name, value in reader.request(instance).inputs.items()}


def test_what_is_given_is_padded_and_the_rest_is_empty(reader: InstanceReader) -> None:
    made = arrays(
        reader,
        {"history_ids": ["a", {"b64": "/w=="}], "history_age_seconds": [5, 0.5], "k": 3, "in_stock_only": True},
    )
    assert made["history_ids"].tolist() == [[b"a", b"\xff", *[b""] * (HISTORY_LENGTH - 2)]]
    assert made["history_age_seconds"].tolist() == [[5.0, 0.5, *[0.0] * (HISTORY_LENGTH - 2)]]
    assert made["exclude_ids"].tolist() == [[b""] * 100]
    assert [made[name].tolist() for name in ("k", "category", "max_price")] == [[3], [b""], [0.0]]
    assert [made[name].tolist() for name in ("in_stock_only", "include_bought")] == [[True], [False]]
    assert (made["k"].dtype, made["max_price"].dtype) == (np.int32, np.float32)


def test_the_server_answers_it(address: str, reader: InstanceReader) -> None:
    instance = {"history_ids": ["P001"], "k": 3, "include_bought": True}
    with Shelfwise(address, timeout_seconds=20) as client:
        expected = client.recommend(["P001"], k=3)
        outputs = client.predict("recommendation", "filtered", arrays(reader, instance))
    assert [value.decode() for value in outputs["product_ids"][0]] == [answer.product_id for answer in expected]


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        ({"query": "tea"}, "`query` is no input; the inputs are category, exclude_ids"),
        ({"k": 1.5}, "`k` should hold int32, got 1.5"),
        ({"k": True}, "`k` should hold int32, got True"),
        ({"k": 2**40}, "`k` should hold int32"),
        ({"max_price": "x"}, "`max_price` should hold float32, got 'x'"),
        ({"in_stock_only": 1}, "`in_stock_only` should hold bool, got 1"),
        ({"category": 5}, "`category` should hold string, got 5"),
        ({"category": {"b64": "!"}}, "`category` should hold string"),
        ({"history_ids": "a"}, f"`history_ids` should be a list of at most {HISTORY_LENGTH} values, got 'a'"),
        ({"history_ids": ["a"] * 99}, f"`history_ids` should be a list of at most {HISTORY_LENGTH} values"),
    ],
)
def test_what_does_not_fit_is_refused(reader: InstanceReader, instance: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        reader.request(instance)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (GetModelMetadataResponse(), "its metadata holds no signatures"),
        (
            metadata(inputs={"query": (tf.string, [-1, 2**40])}),
            r"but its shape is \[-1, 1099511627776",
        ),
        (metadata(inputs={"query": (tf.string, [-1, -1])}), r"rows of a fixed size, but its shape is \[-1, -1\]"),
        (metadata(inputs={"query": (tf.string, [])}), r"rows of a fixed size, but its shape is \[\]"),
        (metadata(inputs={"query": (tf.complex64, [-1])}), "rows of a fixed size"),
    ],
)
def test_what_no_row_can_be_made_for_is_refused(said: GetModelMetadataResponse, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InstanceReader(said, "filtered")


def test_an_unknown_signature_is_refused(address: str) -> None:
    with Shelfwise(address, timeout_seconds=20) as client, pytest.raises(ValueError, match="but bought_together, "):
        InstanceReader(client.metadata("recommendation"), "nope")
