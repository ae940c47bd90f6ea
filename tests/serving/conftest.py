"""One small exported model of each task for all tests of serving."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.server.background import server_thread
from tests.serving.recommendation.small_shop import PlainShop, export_small_shop, stand_in_tower
from tests.serving.search.search_shop import PlainSearch, small_search_encoder
from trainer.search.export import export_search


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
    with server_thread(models) as addresses:
        yield addresses.grpc


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
    with server_thread(models) as addresses:
        yield addresses.grpc
