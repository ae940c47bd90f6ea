"""The requests that docs/served-models.md shows, sent to real servers; both protocols ask for the same."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import predict_pb2

from serving.client import Shelfwise
from shelfwise_client.instances import InstanceReader
from tests.serving.recommendation.small_shop import HISTORY_LENGTH

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "served-models.md").read_text("utf-8")
SHOWN = re.findall(r"### `(\w+)`, `(\w+)`.*?ask Predict '(.*?)'\n\ncurl ([^\s]+) -d '(.*?)'\n```", PAGE, re.DOTALL)
EXAMPLES = pytest.mark.parametrize(
    ("model", "signature", "body", "url", "rest"), SHOWN, ids=[f"{model}-{signature}" for model, signature, *_ in SHOWN]
)
# The models that a server of these tests has; classifiers and searches by pictures are served in tests of their own.
ASKED = [
    (model, signature, body, rest)
    for model, signature, body, _, rest in SHOWN
    if model in ("search", "recommendation") and signature != "by_image"
]
DOCUMENTED_LENGTH = 512
# What the page has jq make, for the width of the small shop.
LISTS = {
    "ids": ["A1", "B2"] + [""] * (HISTORY_LENGTH - 2),
    "types": ["view", "purchase"] + [""] * (HISTORY_LENGTH - 2),
    "ages": [86400, 3600] + [0] * (HISTORY_LENGTH - 2),
    "excluded": ["C3"] + [""] * 99,
    "units": [3.0] * 52,
    "weeks": [[0.0] * 4] * 52,
}


# In the shell '"$name"' is a variable between two quoted parts.
PHOTO = ("'\"$photo\"'", base64.b64encode(b"photo").decode())


def grpc_request(body: str) -> predict_pb2.PredictRequest:
    narrowed = body.replace(*PHOTO).replace(f'"size": {DOCUMENTED_LENGTH}', f'"size": {HISTORY_LENGTH}')
    return json_format.Parse(narrowed, predict_pb2.PredictRequest())


def rest_body(rest: str) -> dict[str, Any]:
    return json.loads(re.sub(r"'\"\$(\w+)\"'", lambda found: json.dumps(LISTS[found[1]]), rest.replace(*PHOTO)))


def arrays(request: predict_pb2.PredictRequest) -> dict[str, np.ndarray]:
    return {name: tf.make_ndarray(value) for name, value in request.inputs.items()}


def test_every_signature_is_shown() -> None:
    assert len(SHOWN) == PAGE.count("\n### ") >= 30


@EXAMPLES
def test_both_protocols_name_the_same_model_and_inputs(
    model: str, signature: str, body: str, url: str, rest: str
) -> None:
    request, asked = grpc_request(body), rest_body(rest)
    assert url == f"http://127.0.0.1:8501/v1/models/{model}:predict"
    assert request.model_spec.name == model
    assert (request.model_spec.signature_name or "serving_default") == signature
    assert asked.get("signature_name", "serving_default") == signature
    assert set(asked["instances"][0]) == set(request.inputs)


@pytest.mark.parametrize(("model", "signature", "body", "rest"), ASKED, ids=[f"{row[0]}-{row[1]}" for row in ASKED])
def test_a_server_answers_them(
    address: str, search_address: str, model: str, signature: str, body: str, rest: str
) -> None:
    inputs = arrays(grpc_request(body))
    with Shelfwise(address if model == "recommendation" else search_address, timeout_seconds=20) as client:
        reader = InstanceReader(client.metadata(model), signature)
        by_rest = arrays(reader.request(rest_body(rest)["instances"][0]))
        assert set(inputs) == set(by_rest)
        for name, value in inputs.items():
            np.testing.assert_array_equal(value, by_rest[name])
        assert all(len(output) == 1 for output in client.predict(model, signature, inputs).values())
