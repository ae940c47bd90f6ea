"""Who responds to offers, and whom they move: from tables to answers and campaigns on a terminal."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from serving.client import Person, Shelfwise
from tests.components.response.shop import DAY, OFFERS, OPTIONS, START, Row, events, impressions, tables, users
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import RESPONSE_NODES
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.commands.cli import app

PROJECT = Path(__file__).parent.parent.parent
RESPONSE = {
    "outcomes": list(OPTIONS.outcomes),
    "event_types": list(OPTIONS.event_types),
    "history_length": OPTIONS.history_length,
    "shown_length": OPTIONS.shown_length,
    "user_features": list(OPTIONS.user_features),
    "network": {"networks": 1, "units": 8, "cross_layers": 1, "cross_rank": 2, "dropout": 0.0},
    "training": {"max_epochs": 6, "learning_rate": 2e-2, "batch_size": 64, "refit": False},
    "split": {"method": "random"},
    "uplift": {
        "network": {"networks": 1, "units": 4, "cross_layers": 0, "dropout": 0.0},
        "least_steps": 20,
        "batch_size": 64,
        "learning_rate": 1e-2,
    },
    "gate": {"baseline_margins": {}},
}


def treated_impressions() -> list[Row]:
    """Impressions of which four in ten were left out; those who were click seldom, whatever they like."""
    random = np.random.default_rng(3)
    rows = impressions(users=100)
    for row in rows:
        shown = bool(random.uniform() < 0.6)
        row |= {"treatment": "mail" if shown else "control", "propensity": 0.6 if shown else 0.4}
        if not shown:
            clicked = bool(random.uniform() < 0.05)
            row |= {"clicked": int(clicked), "redeemed": 0, "responded_at": row["shown_at"] + 60 if clicked else None}
    return rows


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has the task response alone, no texts, and offers that it kept from some at random."""
    folder = tmp_path_factory.mktemp("shop")
    given = tables(treated_impressions(), events=events(users=100), users=users(100))
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
    # Who was left out says nothing of responses, and all the more of what showing adds.
    mail = task["uplift"]["treatments"]["mail"]
    assert task["impressions"]["test"] == mail["treated"]
    assert mail["treated"] + mail["control"] == task["examples"]["test"]
    assert mail["effect"]["low"] > 0.0
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


def test_the_gateway_leaves_out_what_a_user_saw_often_enough(shop: Path, tmp_path: Path) -> None:
    with served(shop / "root") as address, running_gateway(tmp_path, address) as gateway:
        gateway.pretend_it_is(START + 90 * DAY)
        answers = [
            gateway.get("/users/u/offers", k=2, max_shown=1, placement="mail", tell=["device=phone", "screen=3"])
        ]
        assert answers[0].status_code == 200, answers[0].text
        for wrong in ("weather=fine", "screen=wide", "device"):
            refused = gateway.get("/users/u/offers", tell=wrong)
            assert refused.status_code == 422
            assert "`tell`: " in refused.json()["error"]
        gateway.get("/users/u/export")  # Waits until what was shown is kept.
        answers.append(gateway.get("/users/u/offers", k=2, max_shown=1))
        first, second = ([each["offer_id"] for each in answer.json()["offers"]] for answer in answers)
        assert len(first) == 2
        assert not set(first) & set(second)
        assert {*first, *second} <= set(OFFERS)
        # Somebody else has not seen them.
        assert [each["offer_id"] for each in gateway.get("/users/v/offers", k=2).json()["offers"]]
        said = {"user_id": "u", "request_id": answers[0].json()["request_id"], "offer_id": first[0]}
        assert gateway.post("/feedback", said).json()["known"]
        shown = gateway.get("/users/u/export").json()["offer_impressions"]
        assert [row["clicked"] for row in shown if row["offer_id"] in first] == [True, False]


@pytest.mark.long
def test_the_steps_of_the_compiled_pipeline_make_the_same_model(shop: Path) -> None:
    spec, root = shop / "pipeline.yaml", shop / "spec-root"
    compile_it = ["compile", "--config", str(shop / "shop.yaml"), "--image", "shelfwise:1"]
    compile_it += ["--pipeline-root", "gs://bucket/root", "--out", str(spec)]
    assert CliRunner().invoke(app, compile_it).exit_code == 0
    run_it = [sys.executable, "-m", "tfx_pipeline", "run-spec", str(spec), "--root", str(root), "--data", str(shop)]
    done = subprocess.run(run_it, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    texts = {"placement": "top", "device": "phone", "city": ""}
    person = Person(history_ids=["牛奶"], history_age_seconds=[DAY], texts=texts, numbers={"screen": 6.0})
    found = []
    for each in (shop / "root", root):
        with served(each) as address, Shelfwise(address) as client:
            found.append({answer.offer_id: answer.probability for answer in client.rank_offers(person, k=4)})
    assert found[1] == pytest.approx(found[0], abs=1e-4)


def asked(*words: str) -> Any:
    """What a command answers as JSON."""
    found = CliRunner().invoke(app, [*words, "--json"])
    assert found.exit_code == 0, found.output
    return json.loads(found.output)


def test_a_campaign_is_planned_and_then_measured(shop: Path, tmp_path: Path) -> None:
    planned = asked(
        "campaign", "--offer", OFFERS[0], "--budget", "30", "--name", "spring", "--root", str(shop / "root")
    )
    campaign = pd.read_parquet(planned["file"])
    (whole,) = [row for row in planned["segments"] if row["segment"] == "all"]
    assert whole["addressed"] == (campaign["treatment"] == "mail").sum() <= 30
    assert whole["control"] == (campaign["treatment"] == "control").sum() > 0
    assert set(campaign["offer_id"]) == {OFFERS[0]}
    assert whole["uplift"] == pytest.approx(campaign.loc[campaign["treatment"] == "mail", "uplift"].sum(), rel=1e-4)

    treated = campaign["treatment"] == "mail"
    clicked = np.where(treated, np.arange(len(campaign)) % 2, 0)
    told = campaign.assign(clicked=clicked, spent=clicked * 3.0)
    told.to_csv(tmp_path / "spring.csv", index=False)
    *_, result = asked("campaign", "--results", str(tmp_path / "spring.csv"), "--sales", "spent")
    assert (result["addressed"], result["control"]) == (treated.sum(), (~treated).sum())
    rate = clicked[treated].mean()
    assert result["responses"]["added"]["mean"] == pytest.approx(rate)
    assert result["responses"]["total"]["mean"] == pytest.approx(rate * treated.sum())
    assert result["sales"]["added"]["mean"] == pytest.approx(3.0 * rate)
