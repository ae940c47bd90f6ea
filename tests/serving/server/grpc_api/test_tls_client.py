"""Both clients ask a server with certificates, with and without one of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from serving.client import ServingError, Shelfwise
from serving.server.background import server_thread
from serving.server.grpc_api.ssl_config import read_ssl_config
from serving.server.settings import ServerSettings
from tests.serving.client.awaited import awaited
from tests.serving.server.grpc_api.certificates import (
    AUTHORITY,
    CLIENT,
    STRANGER,
    credentials,
    server_fields,
    write_config,
)
from tests.serving.server.tiny_models import write_version

INPUTS = {"x": np.zeros((1, 2), np.float32), "name": np.array([b"n"], object)}
Ask = Callable[[str, grpc.ChannelCredentials | None], Any]


def ask_blocking(address: str, given: grpc.ChannelCredentials | None) -> Any:
    with Shelfwise(address, timeout_seconds=20, retries=False, credentials=given) as client:
        return client.predict("adder", "serving_default", INPUTS)["sum"]


def ask_awaited(address: str, given: grpc.ChannelCredentials | None) -> Any:
    asked = lambda client: client.predict("adder", "serving_default", INPUTS)  # noqa: E731
    return awaited(address, asked, retries=False, credentials=given)["sum"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_version(folder / "adder", 1, 1.0)
    return folder


@pytest.fixture(scope="module", params=["tls", "mutual"])
def server(request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    mutual = request.param == "mutual"
    verify = {"custom_ca": AUTHORITY.cert_pem.bytes().decode(), "client_verify": True} if mutual else {}
    config = write_config(tmp_path_factory.mktemp("ssl"), **server_fields(), **verify)
    settings = ServerSettings(host="localhost", port=0, credentials=read_ssl_config(config))
    with server_thread(models, settings) as addresses:
        yield addresses.grpc, mutual


@pytest.mark.parametrize("ask", [ask_blocking, ask_awaited])
def test_a_client_is_answered_with_the_certificates_that_the_server_wants(server: tuple[str, bool], ask: Ask) -> None:
    address, mutual = server
    np.testing.assert_array_equal(ask(address, credentials(CLIENT)), [[1.0, 1.0]])
    refused = [None, *([credentials(), credentials(STRANGER)] if mutual else [])]
    for given in refused:
        with pytest.raises(ServingError):
            ask(address, given)
    if not mutual:
        np.testing.assert_array_equal(ask(address, credentials()), [[1.0, 1.0]])
