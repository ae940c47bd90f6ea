"""One small exported model of each task for all tests of serving."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from serving.server.grpc_api.grpc_server import GrpcServer
from serving.server.models.model_sources import ModelsFolder
from serving.server.models.model_store import ModelStore
from serving.server.requests.calls import Calls
from tests.serving.recommendation.small_shop import PlainShop, export_small_shop, stand_in_tower
from tests.serving.search.search_shop import PlainSearch, small_search_encoder
from trainer.search.export import export_search


@contextmanager
def served(models: Path) -> Iterator[str]:
    """Serves the models below a folder, and yields the address."""
    store = ModelStore(ModelsFolder(models))
    server = GrpcServer(Calls(store))
    store.start()
    server.start()
    yield server.address
    server.stop(1.0)
    store.stop()


@pytest.fixture(scope="session")
def tower() -> Any:
    """The stand-in user tower."""
    return stand_in_tower()


@pytest.fixture(scope="session")
def plain_shop(tower: Any) -> PlainShop:
    """The shop worked out in plain Python."""
    return PlainShop(tower)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, tower: Any) -> Path:
    """The shop as a SavedModel."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_small_shop(folder, tower)
    return folder


@pytest.fixture(scope="session")
def address(exported: Path) -> Iterator[str]:
    """Address of a server of the small shop as version 3 of `recommendation`."""
    models = exported.parent / "models"
    shutil.copytree(exported, models / "recommendation" / "3")
    with served(models) as server_address:
        yield server_address


@pytest.fixture(scope="session")
def plain_search(tiny_bert: Path) -> PlainSearch:
    """The searched shop worked out in plain Python."""
    return PlainSearch(small_search_encoder(tiny_bert))


@pytest.fixture(scope="session")
def exported_search(tmp_path_factory: pytest.TempPathFactory, plain_search: PlainSearch) -> Path:
    """The searched shop as a SavedModel."""
    folder = tmp_path_factory.mktemp("exported_search") / "model"
    export_search(str(folder), plain_search.module(), plain_search.clusters, {"title": "Small shop 店"})
    return folder


@pytest.fixture(scope="session")
def search_address(exported_search: Path) -> Iterator[str]:
    """Address of a server of the searched shop as version 1 of `search`."""
    models = exported_search.parent / "models"
    shutil.copytree(exported_search, models / "search" / "1")
    with served(models) as server_address:
        yield server_address
