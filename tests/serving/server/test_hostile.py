"""Requests that would cost far more than they weigh: each is refused before that, and the others are answered."""

import contextlib
import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server.background import ServerProcess, server_thread
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.ready_file import ServerAddresses
from serving.server.requests.limits import Limits
from serving.server.settings import ServerSettings
from tests.serving.recommendation.small_shop import Ask, filtered_inputs, history_inputs
from tests.serving.server.http_client import HTTP

HUGE = 16_000_000
MEGABYTE = 2**20
MOST_MEMORY = 200 * MEGABYTE
Edit = Callable[[Any], object]
REQUEST = filtered_inputs([Ask(["P001"], k=3)])


def shop_request(inputs: dict[str, np.ndarray], signature: str = "filtered") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "recommendation", signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def stated(name: str, *sizes: int) -> Edit:
    """States a shape of which one value is given."""

    def edit(request: predict_pb2.PredictRequest) -> None:
        proto = tf.make_tensor_proto(REQUEST[name].reshape(-1)[:1])
        del proto.tensor_shape.dim[:]
        for size in sizes:
            proto.tensor_shape.dim.add(size=size)
        request.inputs[name].CopyFrom(proto)

    return edit


def with_k(k: int) -> Edit:
    return lambda request: request.inputs["k"].CopyFrom(tf.make_tensor_proto(np.array([k], np.int32)))


def long_text(request: predict_pb2.PredictRequest) -> None:
    request.inputs["category"].string_val[0] = b"x" * (2 * MEGABYTE)


def text_that_fills(request: predict_pb2.PredictRequest) -> None:
    """A megabyte in 800 places."""
    stated("exclude_ids", 8, 100)(request)
    request.inputs["exclude_ids"].string_val[0] = b"x" * 1_000_000


def many_inputs(request: predict_pb2.PredictRequest) -> None:
    for number in range(100_000):
        request.inputs[f"x{number}"].SetInParent()


def many_dimensions(request: predict_pb2.PredictRequest) -> None:
    for _ in range(300_000):
        request.inputs["exclude_ids"].tensor_shape.dim.add(size=1)


BY_GRPC: dict[str, tuple[Edit, str]] = {
    "k of a thousand million": (with_k(1_000_000_000), "k is 1000000000; this model answers up to 1000 products"),
    "k over the limit by one": (with_k(1001), "k is 1001; this model answers up to 1000 products"),
    **{
        f"rows of {name}": (stated(name, HUGE, *REQUEST[name].shape[1:]), f"{name} has {HUGE} rows")
        for name in ("history_ids", "history_age_seconds", "k", "in_stock_only", "max_price", "category")
    },
    **{
        f"width of {name}": (stated(name, 1, HUGE), f"{name} has the shape [1, {HUGE}]")
        for name in ("exclude_ids", "history_age_seconds", "k", "in_stock_only")
    },
    "a width without rows": (stated("exclude_ids", 0, 2**40), "exclude_ids has the shape [0, 1099511627776]"),
    "a third dimension": (stated("exclude_ids", 1, 100, HUGE), f"exclude_ids has the shape [1, 100, {HUGE}]"),
    "65 dimensions": (stated("exclude_ids", *[1] * 65), "tensor parsing error: exclude_ids"),
    "300,000 dimensions": (many_dimensions, "tensor parsing error: exclude_ids"),
    "a long text": (long_text, "A string of category has 2097152 bytes"),
    "a text that fills": (text_that_fills, "exclude_ids would take"),
    "100,000 inputs": (many_inputs, "input size does not match signature: 100009!=9"),
}


def in_rows(name: str, text: str) -> bytes:
    """Returns a request of one row in which one value is another text of JSON."""
    row = {key: value.tolist()[0] for key, value in REQUEST.items() if key != name}
    rest = json.dumps(row, default=bytes.decode)
    return f'{{"signature_name": "filtered", "instances": [{rest[:-1]}, "{name}": {text}}}]}}'.encode()


def in_columns(name: str, text: str) -> bytes:
    columns = {key: value.tolist() for key, value in REQUEST.items() if key != name}
    rest = json.dumps(columns, default=bytes.decode)
    return f'{{"signature_name": "filtered", "inputs": {rest[:-1]}, "{name}": {text}}}}}'.encode()


def repeated(item: str, count: int) -> str:
    return "[" + ",".join([item] * count) + "]"


def instances(items: str) -> bytes:
    return f'{{"signature_name": "filtered", "instances": {items}}}'.encode()


DIGITS = "9" * 400
BY_REST: dict[str, tuple[bytes, str]] = {
    "k of a thousand million in rows": (in_rows("k", "1000000000"), "k is 1000000000; this model answers up to 1000"),
    "k of a thousand million in columns": (in_columns("k", "[1000000000]"), "k is 1000000000; this model answers"),
    "empty rows": (instances(repeated("{}", 699_051)), "lists and objects; this server takes up to 200000"),
    "empty lists": (instances(repeated("[]", 699_051)), "lists and objects; this server takes up to 200000"),
    "too many rows": (instances(repeated("{}", 100_000)), "instances has 100000 rows"),
    "numbers for rows": (instances(repeated("1", 699_051)), "instances has 699051 rows"),
    "values": (instances(repeated("1", 3_000_000)), "The document has 3000001 values"),
    "a wide text": (in_rows("exclude_ids", repeated('"a"', 200_000)), "exclude_ids has the shape [1, 200000]"),
    "a wide number": (in_rows("history_age_seconds", repeated("1", 200_000)), "history_age_seconds has the shape"),
    "a wide truth": (in_columns("in_stock_only", f"[{repeated('true', 200_000)}]"), "in_stock_only has the shape"),
    "400 digits for a float": (in_rows("max_price", DIGITS), "Number too big to be stored in double."),
    "400 digits for floats": (in_columns("max_price", f"[{DIGITS}]"), "Number too big to be stored in double."),
    "400 digits for an integer": (in_rows("k", DIGITS), "is not of expected type: int32"),
    "400 digits for a truth": (in_rows("in_stock_only", DIGITS), "is not of expected type: bool"),
    "400 digits for a text": (in_rows("category", DIGITS), "is not of expected type: string"),
    "5,000 digits": (in_rows("max_price", "9" * 5000), "Number too big to be stored"),
    "65 levels": (in_rows("category", "[" * 65 + '"a"' + "]" * 65), "unexpected level"),
    "64 levels": (in_rows("category", "[" * 64 + '"a"' + "]" * 64), "category has 65 dimensions"),
    "65 levels in columns": (in_columns("category", "[" * 65 + '"a"' + "]" * 65), "unexpected level"),
    "bytes for a row": (instances('[{"b64": ""}]'), "instances is a plain list"),
    "100,000 levels": (instances("[" * 100_000), "nested too deeply"),
    "a long text": (in_rows("category", json.dumps("x" * 2 * MEGABYTE)), "A string of category has 2097152 bytes"),
}


def code_of(channel: grpc.Channel, request: predict_pb2.PredictRequest) -> tuple[str, str]:
    call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.future(request, timeout=20)
    return call.code().name, call.details() or ""


def post(address: str | None, body: bytes, packed: bool) -> tuple[int, dict[str, str]]:
    headers = {"Content-Encoding": "gzip"} if packed else {}
    content = gzip.compress(body, 1) if packed else body
    response = HTTP.post(f"http://{address}/v1/models/recommendation:predict", content=content, headers=headers)
    return response.status_code, response.json()


@pytest.fixture(scope="module")
def models(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(exported, folder / "recommendation" / "1")
    return folder


@pytest.fixture(scope="module", params=[None, BatchingParameters(max_batch_size=64)], ids=["alone", "batched"])
def server(models: Path, request: pytest.FixtureRequest) -> Iterator[ServerAddresses]:
    settings = ServerSettings(port=0, rest_port=0, batching=request.param)
    with server_thread(models, settings) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def channel(server: ServerAddresses) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc) as made:
        yield made


@pytest.mark.parametrize("name", BY_GRPC)
def test_by_grpc(channel: grpc.Channel, name: str) -> None:
    edit, message = BY_GRPC[name]
    request = shop_request(REQUEST)
    edit(request)
    code, details = code_of(channel, request)
    assert (code, message in details) == ("INVALID_ARGUMENT", True), details
    assert code_of(channel, shop_request(REQUEST))[0] == "OK"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", BY_REST)
def test_by_rest(server: ServerAddresses, name: str, packed: bool) -> None:
    body, message = BY_REST[name]
    status, answer = post(server.rest, body, packed)
    assert (status, message in answer["error"]) == (400, True), answer


def test_the_largest_that_is_allowed_is_answered(channel: grpc.Channel, server: ServerAddresses) -> None:
    request = shop_request(REQUEST)
    with_k(1000)(request)
    assert code_of(channel, request)[0] == "OK"
    full = shop_request(filtered_inputs([Ask(["P001"] * 8, k=3)] * 64))
    assert code_of(channel, full)[0] == "OK"
    assert post(server.rest, in_rows("k", "1000"), packed=True)[0] == 200
    assert post(server.rest, in_rows("max_price", "9" * 300), packed=False)[0] == 200


def test_refusals_take_little_memory(models: Path, tmp_path: Path) -> None:
    process = ServerProcess("--models", str(models), "--rest_api_port=0", scratch=tmp_path)
    with process as addresses, grpc.insecure_channel(addresses.grpc) as channel:
        assert code_of(channel, shop_request(REQUEST))[0] == "OK"
        assert post(addresses.rest, in_rows("k", "3"), packed=True)[0] == 200
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        before = psutil.Process(process.pid).memory_info().rss
        for edit, _ in BY_GRPC.values():
            request = shop_request(REQUEST)
            edit(request)
            assert code_of(channel, request)[0] == "INVALID_ARGUMENT"
        for body, _ in BY_REST.values():
            assert post(addresses.rest, body, packed=True)[0] == 400
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) * 1024
    assert peak - before < MOST_MEMORY
    assert "Traceback" not in process.log


@contextlib.contextmanager
def limited(folder: Path, **limits: int) -> Iterator[tuple[ServerAddresses, grpc.Channel]]:
    settings = ServerSettings(port=0, rest_port=0, limits=Limits(**limits))
    with server_thread(folder, settings) as addresses, grpc.insecure_channel(addresses.grpc) as channel:
        yield addresses, channel


def test_what_is_in_flight_has_a_budget_that_is_given_back(models: Path) -> None:
    small = shop_request(history_inputs([Ask(["P001"])]), "")
    large = shop_request(history_inputs([Ask(["P001"])] * 1000), "")
    with limited(models, inflight_bytes=200_000) as (addresses, channel):
        for _ in range(400):
            # Each takes more than a thousand bytes.
            assert code_of(channel, small)[0] == "OK"
        code, details = code_of(channel, large)
        assert (code, "--max_inflight_bytes" in details) == ("RESOURCE_EXHAUSTED", True)
        rows = [{name: value.tolist()[0] for name, value in history_inputs([Ask(["P001"])]).items()}] * 1000
        status, answer = post(addresses.rest, json.dumps({"instances": rows}, default=bytes.decode).encode(), True)
        assert (status, "--max_inflight_bytes" in answer["error"]) == (429, True)
        assert code_of(channel, small)[0] == "OK"


def test_an_answer_is_refused_before_it_is_computed(models: Path) -> None:
    with limited(models, answer_bytes=20_000) as (_, channel):
        assert code_of(channel, shop_request(filtered_inputs([Ask(["P001"], k=3)])))[0] == "OK"
        code, details = code_of(channel, shop_request(filtered_inputs([Ask(["P001"], k=40)] * 64)))
        assert (code, "Ask for fewer rows, a smaller k" in details) == ("INVALID_ARGUMENT", True)
