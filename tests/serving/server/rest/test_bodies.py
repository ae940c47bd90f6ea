"""Compressed bodies of REST requests."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.requests.limits import Limits
from serving.server.rest.bodies import uncompressed
from serving.server.rest.refusals import HttpError
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version

LIMIT = 20_000
BODY = json.dumps({"instances": [{"x": [1, 2], "name": "n"}]}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    with server_thread(models, ServerSettings(port=0, rest_port=0, limits=Limits(message_bytes=LIMIT))) as addresses:
        yield addresses


def post(server: ServerAddresses, body: bytes, encoding: str) -> tuple[int, Any]:
    headers = {"Content-Encoding": encoding}
    response = HTTP.post(f"http://{server.rest}/v1/models/adder:predict", content=body, headers=headers)
    return response.status_code, response.json()


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_is_uncompressed(server: ServerAddresses, encoding: str) -> None:
    assert post(server, gzip.compress(BODY), encoding) == (200, {"predictions": [{"name": "n", "sum": [2.0, 3.0]}]})


@pytest.mark.parametrize("encoding", ["identity", "utf-8"])
def test_another_encoding_is_left_alone(server: ServerAddresses, encoding: str) -> None:
    assert post(server, BODY, encoding)[0] == 200


def test_an_encoding_that_is_not_known_gives_no_json(server: ServerAddresses) -> None:
    status, answer = post(server, zlib.compress(BODY), "deflate")
    assert status == 400
    assert "JSON Parse error" in answer["error"]


@pytest.mark.parametrize(
    "damaged",
    [
        BODY,
        gzip.compress(BODY)[:-9],
        gzip.compress(BODY)[:-8] + bytes(8),
        gzip.compress(BODY)[:12] + b"\xff" * 20,
        gzip.compress(BODY) + b"more",
    ],
    ids=["no gzip", "cut off", "wrong checksum", "garbage", "something behind it"],
)
def test_damaged_gzip_is_refused(server: ServerAddresses, damaged: bytes) -> None:
    status, answer = post(server, damaged, "gzip")
    assert status == 400
    assert answer["error"].startswith("The body is not the gzip that Content-Encoding promises: ")


def test_the_limit_is_for_what_is_uncompressed(server: ServerAddresses) -> None:
    blanks = b" " * (LIMIT - len(BODY))
    assert post(server, gzip.compress(blanks + BODY), "gzip")[0] == 200
    status, answer = post(server, gzip.compress(b" " + blanks + BODY), "gzip")
    assert (status, answer["error"]) == (413, f"The request is larger than this server takes: {LIMIT} bytes.")


def test_a_bomb_is_not_uncompressed_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(HttpError):
            uncompressed(bomb, "gzip", LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
