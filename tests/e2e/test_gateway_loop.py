"""Events by the gateway, a run on its log, answers by the new version, and what was shown as the next run reads it."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.tables.contract import TableOptions
from serving.client import Shelfwise
from serving.server.background import server_thread
from serving.server.settings import ServerSettings
from tests.components.tables.table_runs import run_table
from tests.e2e.shop import read_summary, run_quietly, write_config, write_tables
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.parts import Shop

# Of a minute: half a second in which a click counts.
OUTCOME_MINUTES = 0.5 / 60
AT_ONCE = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    write_tables(made)
    return made


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def gateway(folder: Path, port: int) -> Iterator[Running]:
    """A gateway that was there before any model was."""
    options = GatewayOptions(outcome_minutes=OUTCOME_MINUTES, timeout_seconds=20.0)
    shop = Shop(event_types=("view", "cart", "purchase"))
    with running_gateway(folder / "gateway", f"127.0.0.1:{port}", options, shop) as running:
        yield running


def test_events_become_a_model_and_what_it_shows_becomes_a_table(folder: Path, port: int, gateway: Running) -> None:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
    for first in range(0, len(events), AT_ONCE):
        taken = gateway.post("/events", {"events": [as_sent(event) for event in events[first : first + AT_ONCE]]})
        assert taken.status_code == 202, taken.text
    assert gateway.get(f"/users/{events[0]['user_id']}/recommendations").status_code == 503
    gateway.write_log()

    config = write_config(folder, tables={"events": "gateway/log/events"}, text=False, ranker=False)
    summary, _ = run_quietly(config, folder / "root")
    assert summary["quarantine"].get("events", {}) == {}
    pushed = read_summary(folder / "root")["tasks"]["recommendation"]["pushed"]
    with server_thread(folder / "root" / "serving", ServerSettings(port=port)):
        user = events[-1]["user_id"]
        answer = answered(gateway, user)
        assert answer["version"] == int(Path(pushed).name)
        # The same as the model says of the history that was sent, to whoever asks it.
        mine = sorted((each for each in events if each["user_id"] == user), key=lambda each: each["timestamp"])
        with Shelfwise(f"127.0.0.1:{port}", timeout_seconds=20.0) as client:
            now = time.time()
            direct = client.recommend(
                [each["product_id"] for each in mine],
                [each["event_type"] for each in mine],
                [now - each["timestamp"] for each in mine],
            )
        assert [each["product_id"] for each in answer["products"]] == [each.product_id for each in direct]
        clicked = answer["products"][2]["product_id"]
        click = {"user_id": user, "product_id": clicked, "event_type": "view", "request_id": answer["request_id"]}
        assert gateway.post("/events", click).status_code == 202

    log = folder / "gateway" / "log" / "impressions"
    while not list(log.glob("*/*.parquet")):  # What came of an answer is known half a second after it.
        gateway.write_log()
    options = TableOptions(outcome_columns=("clicked", "purchased"))
    read = run_table(folder / "read", "impressions", log, options)
    assert read.refused() == []
    shown = sorted(read.rows(), key=lambda row: row["position"])
    assert [row["product_id"] for row in shown] == [each["product_id"] for each in answer["products"]]
    assert [bool(row["clicked"]) for row in shown] == [place == 2 for place in range(len(shown))]
    assert {row["placement"] for row in shown} == {"recommendations"}
    assert len({row["user_id"] for row in shown}) == 1
    assert user not in {row["user_id"] for row in shown}


def as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """Returns an event of the made-up shop as a shop's page would send it."""
    sent = ("user_id", "product_id", "event_type", "timestamp", "basket_id")
    return {name: event[name] for name in sent if event.get(name) is not None}


def answered(gateway: Running, user: str) -> dict[str, Any]:
    """Asks until the models are there, which the gateway looks for twice a second."""
    deadline = time.monotonic() + 20.0
    while (answer := gateway.get(f"/users/{user}/recommendations")).status_code == 503:
        assert time.monotonic() < deadline, answer.text
    found: dict[str, Any] = answer.json()
    return found
