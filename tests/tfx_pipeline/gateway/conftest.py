"""A gateway over small models, for all tests of what it answers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.server.background import server_thread
from tests.serving.recommendation.small_shop import EVENT_TYPES, small_catalogue
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.gateway.parts import Shop

SHOP = Shop(event_types=tuple(EVENT_TYPES), bought_event_type="purchase")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, exported: Path, exported_search: Path) -> Iterator[str]:
    """Address of version 3 of `recommendation` and version 1 of `search`."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(exported, folder / "recommendation" / "3")
    shutil.copytree(exported_search, folder / "search" / "1")
    with server_thread(folder) as addresses:
        yield addresses.grpc


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of the recommended shop, as a run leaves it."""
    table = small_catalogue()
    size = table.num_rows
    table = table.append_column("brand", pa.array([None] * size, pa.string()))
    table = table.append_column("recommendable", pa.array([True] * size))
    table = table.append_column("decayed_popularity", table.column("popularity"))
    file = tmp_path_factory.mktemp("catalogue") / "catalogue.parquet"
    pq.write_table(table, file)
    return file


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, models: str, catalogue: Path) -> Iterator[Running]:
    """A gateway without keys, over both models."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, models, shop=SHOP, catalogues=(catalogue,)) as running:
        yield running
