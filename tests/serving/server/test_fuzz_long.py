"""Minutes of hostile requests that hypothesis steers to what takes long: no fault of the server, and no growth.

FUZZ_SECONDS and FUZZ_SEED in the environment say how long, and where it begins: `FUZZ_SECONDS=3600` is the hour.
"""

import gzip
import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings, target
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2

from serving.server.background import ServerProcess
from tests.serving.recommendation.small_shop import Ask, filtered_inputs
from tests.serving.server.load import add_request
from tests.serving.server.test_fuzz import JSON, assert_clients_fault, send, shop_request
from tests.serving.server.tiny_models import write_version, write_witness

SECONDS, SEED = float(os.environ.get("FUZZ_SECONDS", "300")), int(os.environ.get("FUZZ_SEED", "0"))
EXAMPLES, SLOWEST_SECONDS = 200, 10.0
WARM_UP_SHARE, MOST_GROWTH = 0.2, 1.05
SIZES = st.lists(st.sampled_from([-1, 0, 1, 2, 8, 100, 1024, 1025, 10**6, 2**31, 2**62]), max_size=6)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Requests whose tensors state one thing and hold another."""
    request = draw(
        st.sampled_from([add_request(), shop_request(filtered_inputs([Ask(["P001"], k=3)]), "filtered")]).map(_copy)
    )
    for name in draw(st.lists(st.sampled_from(sorted(request.inputs)), max_size=3)):
        proto = request.inputs[name]
        match draw(st.sampled_from(["shape", "values", "dtype", "content"])):
            case "shape":
                del proto.tensor_shape.dim[:]
                for size in draw(SIZES):
                    proto.tensor_shape.dim.add(size=size)
            case "values":
                proto.int_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5)))
                proto.string_val.extend(draw(st.lists(st.binary(max_size=50), max_size=5)))
            case "dtype":
                proto.dtype = draw(st.sampled_from(sorted(types_pb2.DataType.values())))
            case _:
                proto.tensor_content = draw(st.binary(max_size=64))
    body = bytearray(request.SerializeToString())
    for _ in range(draw(st.integers(0, 2))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON whose values repeat, nest or are written at length."""
    item = draw(
        JSON.map(json.dumps) | st.sampled_from(["{}", "[]", '""', "9" * 400, "[" * 70 + "]" * 70, '"k"', "1e999"])
    )
    count = draw(st.sampled_from([1, 2, 100, 1025, 300_000]))
    items = "[" + ",".join([item] * count) + "]"
    key = draw(st.sampled_from(["instances", "inputs", "examples", "signature_name"]))
    more = draw(st.sampled_from(["", ', "signature_name": "filtered"', ', "context": {}']))
    return f'{{"{key}": {items}{more}}}'.encode()


def _copy(request: Any) -> Any:
    copied = type(request)()
    copied.CopyFrom(request)
    return copied


@pytest.fixture(scope="module")
def process(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    write_witness(models / "witness")
    shutil.copytree(exported, models / "recommendation" / "1")
    server = ServerProcess("--models", str(models), "--rest_api_port=0", scratch=tmp_path_factory.mktemp("scratch"))
    with server:
        yield server


@pytest.mark.long
def test_minutes_of_hostile_requests(process: ServerProcess) -> None:
    addresses = process.addresses
    ends_at, begin = time.monotonic() + SECONDS, time.monotonic()
    warm_bytes = 0
    with (
        grpc.insecure_channel(addresses.grpc) as channel,
        httpx.Client(base_url=f"http://{addresses.rest}", timeout=SLOWEST_SECONDS) as http,
    ):

        def by_grpc(body: bytes) -> None:
            began = time.monotonic()
            assert_clients_fault(*send(channel, body))
            target(time.monotonic() - began, label="seconds by gRPC")

        def by_rest(body: bytes, model: str, method: str, packed: bool) -> None:
            began = time.monotonic()
            headers = {"Content-Encoding": "gzip"} if packed else {}
            content = gzip.compress(body, 1) if packed else body
            response = http.post(f"/v1/models/{model}:{method}", content=content, headers=headers)
            assert response.status_code in (200, 400, 404, 413, 429, 501), response.text
            target(time.monotonic() - began, label="seconds by REST")

        for number in itertools.count(SEED):
            budget = settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.target),
                suppress_health_check=list(HealthCheck),
            )
            seed(number)(budget(given(messages())(by_grpc)))()
            seed(number)(
                budget(
                    given(
                        documents(),
                        st.sampled_from(["adder", "witness", "recommendation"]),
                        st.sampled_from(["predict", "classify", "regress"]),
                        st.booleans(),
                    )(by_rest)
                )
            )()
            if not warm_bytes and time.monotonic() > begin + WARM_UP_SHARE * SECONDS:
                warm_bytes = psutil.Process(process.pid).memory_info().rss
            if time.monotonic() > ends_at:
                break
        assert send(channel, add_request().SerializeToString())[0] is grpc.StatusCode.OK
        assert psutil.Process(process.pid).memory_info().rss < MOST_GROWTH * warm_bytes
    assert "Traceback" not in process.log
