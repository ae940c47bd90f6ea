"""The server that the suite asks: the embedded one, or whichever the environment names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from serving.server.background import server_thread
from serving.server.batching.batching_parameters import read_batching_parameters
from serving.server.ready_file import ServerAddresses
from serving.server.settings import ModelConfigFile, ServerSettings
from tests.contracts.tf_serving.clients import GrpcClient, RestClient
from tests.contracts.tf_serving.models import BATCHING_FILE, CONFIG_FILE, write_models

GRPC_VARIABLE, REST_VARIABLE = "SHELFWISE_SERVING_GRPC", "SHELFWISE_SERVING_REST"
BATCHED_VARIABLE = "SHELFWISE_SERVING_BATCHED_GRPC"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every case names what it mirrors."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("mirrors") is None:
            raise pytest.UsageError(f"{item.nodeid} needs a marker `mirrors` that names TF Serving's test")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models and their configuration."""
    folder = tmp_path_factory.mktemp("tf_serving")
    write_models(folder)
    return folder


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> Iterator[ServerAddresses]:
    """A server without batching."""
    if GRPC_VARIABLE in os.environ:
        yield ServerAddresses(os.environ[GRPC_VARIABLE], os.environ[REST_VARIABLE])
    else:
        with embedded(request.getfixturevalue("models"), rest_port=0) as started:
            yield started


@pytest.fixture(scope="session")
def client(addresses: ServerAddresses) -> Iterator[GrpcClient]:
    """Asks the server without batching by gRPC."""
    with GrpcClient(addresses.grpc) as made:
        yield made


@pytest.fixture(scope="session")
def rest(addresses: ServerAddresses) -> Iterator[RestClient]:
    """Asks the server without batching by REST."""
    assert addresses.rest is not None
    with RestClient(addresses.rest) as made:
        yield made


@pytest.fixture(scope="session")
def batched(request: pytest.FixtureRequest) -> Iterator[GrpcClient]:
    """Asks a server with batching, by gRPC."""
    if GRPC_VARIABLE in os.environ:
        if BATCHED_VARIABLE not in os.environ:
            pytest.skip(f"{BATCHED_VARIABLE} names no server with batching")
        with GrpcClient(os.environ[BATCHED_VARIABLE]) as made:
            yield made
        return
    models = request.getfixturevalue("models")
    batching = read_batching_parameters(models / BATCHING_FILE)
    with embedded(models, batching=batching) as started, GrpcClient(started.grpc) as made:
        yield made


@contextmanager
def embedded(models: Path, **settings: Any) -> Iterator[ServerAddresses]:
    """Runs the embedded server in this process."""
    chosen = ServerSettings(port=0, allow_labels_for_unavailable=True, drain_seconds=1.0, **settings)
    with server_thread(ModelConfigFile(models / CONFIG_FILE), chosen) as started:
        yield started
