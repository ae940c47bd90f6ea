"""Minutes of hostile requests that hypothesis steers to what takes long: no fault of the server, and no growth."""

import gzip
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from hypothesis import strategies as st
from hypothesis import target

from serving.server.background import ServerProcess
from tests.fuzz.minutes import Kind, fuzz
from tests.serving.server.hostile_messages import assert_clients_fault, documents, messages, send
from tests.serving.server.load import add_request
from tests.serving.server.tiny_models import write_version, write_witness

# On a machine that is busy with something else.
SLOWEST_SECONDS = 30.0


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

        models = st.sampled_from(["adder", "witness", "recommendation"])
        methods = st.sampled_from(["predict", "classify", "regress"])
        kinds = [
            Kind(by_grpc, messages()),
            Kind(by_rest, documents(), models, methods, st.booleans()),
        ]
        fuzz(kinds, psutil.Process(process.pid))
        assert send(channel, add_request().SerializeToString())[0] is grpc.StatusCode.OK
    assert "Traceback" not in process.log
