"""Fixtures that every folder of tests shares."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a worker for each core: threads of linear algebra would only wait for each other, which they do by
    # spinning. They are counted when the libraries are loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

# isort: split
from tests.made_once import made_once
from tests.tiny_bert import write_tiny_bert

if TYPE_CHECKING:
    from tests.serving.recommendation.small_shop import PlainShop
    from tests.serving.search.search_shop import PlainSearch


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of 2 layers, 16 wide, over a tiny vocabulary: small enough for any test."""
    return made_once(tmp_path_factory, "tiny_bert", write_tiny_bert)


# One small exported model of each of two tasks, for the tests of what serves and what asks. What they need is loaded
# only then.
@pytest.fixture(scope="session")
def tower() -> Any:
    """The stand-in user tower."""
    from tests.serving.recommendation.small_shop import stand_in_tower

    return stand_in_tower()


@pytest.fixture(scope="session")
def plain_shop(tower: Any) -> "PlainShop":
    """The shop worked out in plain Python."""
    from tests.serving.recommendation.small_shop import PlainShop

    return PlainShop(tower)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, tower: Any) -> Path:
    """The shop as a SavedModel."""
    from tests.serving.recommendation.small_shop import export_small_shop

    return made_once(tmp_path_factory, "exported", lambda folder: export_small_shop(folder, tower))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, exported: Path) -> Iterator[str]:
    """Address of a server of the small shop as version 3 of `recommendation`."""
    from serving.server.background import server_thread

    models = tmp_path_factory.mktemp("models")
    shutil.copytree(exported, models / "recommendation" / "3")
    with server_thread(models) as addresses:
        yield addresses.grpc


@pytest.fixture(scope="session")
def plain_search(tiny_bert: Path) -> "PlainSearch":
    """The searched shop worked out in plain Python."""
    from tests.serving.search.search_shop import PlainSearch, small_search_encoder

    return PlainSearch(small_search_encoder(tiny_bert))


@pytest.fixture(scope="session")
def exported_search(tmp_path_factory: pytest.TempPathFactory, plain_search: "PlainSearch") -> Path:
    """The searched shop as a SavedModel."""
    from trainer.search.export import export_search

    def export(folder: Path) -> None:
        module = plain_search.module(personal=plain_search.what_was_had_first())
        export_search(str(folder), module, plain_search.clusters, {"title": "Small shop 店"})

    return made_once(tmp_path_factory, "exported_search", export)


@pytest.fixture(scope="session")
def search_address(tmp_path_factory: pytest.TempPathFactory, exported_search: Path) -> Iterator[str]:
    """Address of a server of the searched shop as version 1 of `search`."""
    from serving.server.background import server_thread

    models = tmp_path_factory.mktemp("models")
    shutil.copytree(exported_search, models / "search" / "1")
    with server_thread(models) as addresses:
        yield addresses.grpc


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image backbone of two stages for pictures of 32 x 32."""
    from tests.tiny_pictures import write_tiny_backbone

    return made_once(tmp_path_factory, "tiny_backbone", write_tiny_backbone)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share fixtures run in one worker."""
    from tests.one_worker import OneWorkerForFixtures

    return OneWorkerForFixtures(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first: at the end they would be waited for."""
    items.sort(key=lambda item: item.path.parent.name != "e2e")


def pytest_collection_finish() -> None:
    """Beam looks things up once, as in a run; tests without Beam do not import it for that."""
    if "apache_beam" in sys.modules:
        from components.beam_lookups import keep_beam_lookups

        keep_beam_lookups()
    # What is loaded by now stays; looking through it for garbage again and again takes a twelfth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)
