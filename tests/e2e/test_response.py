"""Who responds to offers: from tables to answers on a terminal."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.components.response.shop import DAY, OFFERS, OPTIONS, START, impressions, tables
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import RESPONSE_NODES
from tfx_pipeline.commands.cli import app

RESPONSE = {
    "outcomes": list(OPTIONS.outcomes),
    "event_types": list(OPTIONS.event_types),
    "history_length": OPTIONS.history_length,
    "shown_length": OPTIONS.shown_length,
    "user_features": list(OPTIONS.user_features),
    "network": {"networks": 1, "units": 8, "cross_layers": 1, "cross_rank": 2, "dropout": 0.0},
    "training": {"max_epochs": 6, "learning_rate": 2e-2, "batch_size": 64, "refit": False},
    "gate": {"baseline_margins": {}},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has the task response alone, and no texts."""
    folder = tmp_path_factory.mktemp("shop")
    given = tables(impressions())
    for name, table in given.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in given},
        text=False,
        features={
            "users": {"categorical": ["city"]},
            "offers": {"categorical": ["kind"]},
            "impressions": {"numeric": ["screen"], "categorical": ["device"]},
        },
        tasks={"response": RESPONSE},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert set(RESPONSE_NODES) <= ran
    task = summary["tasks"]["response"]
    assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_and_the_report_tell_what_happened(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["response"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "response"
    assert set(task["baselines"]) == {"base_rate", "past_rate", "logistic_regression", "gradient_boosting"}
    assert task["impressions"]["test"] == task["examples"]["test"]
    assert "Offers in the test" in (shop / "root" / "report.html").read_text(encoding="utf-8")


def test_a_terminal_asks_which_offers_a_user_responds_to(shop: Path) -> None:
    at = str(START + 90 * DAY)
    asked = ["offers", "--user", "user 0", "--root", str(shop / "root"), "--at", at, "--tell", "device=phone"]
    with served(shop / "root") as address:
        found = CliRunner().invoke(app, [*asked, "--address", address, "--json", "--explain"])
        refused = CliRunner().invoke(app, [*asked, "--address", address, "--tell", "weather=fine"])
    assert found.exit_code == 0, found.output
    answer = json.loads(found.output)
    ids = [each["offer_id"] for each in answer["offers"]]
    assert set(ids) == set(OFFERS)
    # They buy milk and bread.
    assert set(ids[:2]) == {OFFERS[0], OFFERS[2]}
    assert answer["reasons"]
    assert "NAME is one of placement, device, city, screen" in str(refused.exception)
