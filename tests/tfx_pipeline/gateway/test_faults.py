"""What visitors get while a Redis is away, and that nothing which was acknowledged is gone when it is back."""

import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.tfx_pipeline.gateway.conftest import SHOP
from tests.tfx_pipeline.gateway.redis_server import PROGRAM, REASON, redis_server
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.gateway.options import GatewayOptions

EVENT = {"user_id": "anna", "product_id": "P001", "event_type": "view"}


def test_a_full_disk_refuses_events_and_goes_on_answering(tmp_path: Path, models: str, catalogue: Path) -> None:
    options = GatewayOptions(timeout_seconds=20.0)
    with running_gateway(tmp_path, models, options, SHOP, catalogues=(catalogue,)) as gateway:

        def pages(most: str) -> int:
            # SQLite says the same of a disk without room.
            return int(gateway.parts.store._writer.do_now(lambda to: to.execute(f"PRAGMA {most}").fetchone()[0]))

        assert gateway.post("/events", EVENT).status_code == 202
        pages(f"max_page_count = {pages('page_count')}")
        event = {**EVENT, "query": "x" * 400}
        statuses = [gateway.post("/events", event).status_code for _ in range(60)]
        assert set(statuses) == {202, 507}
        refused = gateway.post("/events", event)
        assert (refused.status_code, refused.headers["retry-after"]) == (507, "1")
        assert "full" in refused.json()["error"]
        answer = gateway.get("/users/anna/recommendations")
        assert answer.status_code == 200
        assert "x-shelfwise-fallback" not in answer.headers
        assert answer.json()["events"] == 1 + statuses.count(202)
        pages("max_page_count = 100000")
        assert gateway.post("/events", event).status_code == 202


@pytest.mark.skipif(PROGRAM is None, reason=REASON)
def test_a_redis_that_is_killed_and_comes_back(tmp_path: Path, models: str, catalogue: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as (url, process):
        options = GatewayOptions(store=url, timeout_seconds=20.0)
        with running_gateway(tmp_path, models, options, SHOP, catalogues=(catalogue,)) as gateway:
            for number in range(5):
                assert gateway.post("/events", {**EVENT, "event_id": str(number)}).status_code == 202
            process.kill()
            process.wait()
            refused = gateway.post("/events", {**EVENT, "event_id": "5"})
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            sold = gateway.get("/users/anna/recommendations")
            assert (sold.status_code, sold.headers["x-shelfwise-fallback"]) == (200, "best-sellers")
            found = gateway.get("/search", q="tea", user_id="anna")
            assert (found.status_code, found.headers["x-shelfwise-fallback"]) == (200, "not-personal")
            assert found.json()["products"]
            assert gateway.get("/health").status_code == 503
            port = int(url.removesuffix("/0").rpartition(":")[2])
            with redis_server(folder, port=port):
                back = time.monotonic()
                while gateway.post("/events", {**EVENT, "event_id": "5"}).status_code != 202:
                    assert time.monotonic() - back < 2.0
                answer = gateway.get("/users/anna/recommendations")
                assert "x-shelfwise-fallback" not in answer.headers
                assert answer.json()["events"] == 6
                gateway.write_log()
    files = sorted((tmp_path / "log" / "events").glob("*/*.parquet"))
    logged = [name for file in files for name in pq.read_table(file, partitioning=None).column("event_id").to_pylist()]
    assert logged == ["0", "1", "2", "3", "4", "5"]
