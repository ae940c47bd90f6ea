"""Segments of users: from tables to answers on a terminal, alone and with a recommendation beside them."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.client import Shelfwise
from tests.components.segmentation.shop import DAY, OPTIONS, events, products, users
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import SEGMENTATION_NODES
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.commands.cli import app

SEGMENTATION = {
    "event_types": list(OPTIONS.event_types),
    "segments": OPTIONS.segments.model_dump(exclude_none=True),
    "history_length": OPTIONS.history_length,
    "sequence_length": 16,
    "head": {"units": 8, "dropout": 0.0},
    "training": {"max_epochs": 6, "patience": 6, "learning_rate": 1e-2, "batch_size": 16},
    "gate": {"min_slice_users": 5, "baseline_margins": {}},
}
RECOMMENDATION = {
    "event_types": {"view": 0.5, "purchase": 1.0},
    "towers": {"dimensions": 16, "layers": 1, "history": 8},
    "training": {"max_epochs": 1},
    "serving": {"history_length": OPTIONS.history_length},
    "gate": {"baseline_margins": {}, "min_slice_users": 2},
    "ranker": False,
    "rules": False,
}


def first_run(folder: Path, tiny_bert: Path, tasks: Mapping[str, Any]) -> Path:
    """Writes tables and a configuration into a folder and runs it under `root`."""
    rows = events()
    for name, table in {"products": products(), "events": rows, "users": users(rows)}.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in ("products", "events", "users")},
        text={"backbone": str(tiny_bert)},
        features={"users": {"categorical": ["shop"]}},
        tasks=tasks,
    )
    summary, ran = run_quietly(config, folder / "root")
    assert set(SEGMENTATION_NODES) <= ran
    task = summary["tasks"]["segmentation"]
    assert task["blessed"], task["refused_because"]
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A shop that has the task segmentation alone."""
    return first_run(tmp_path_factory.mktemp("shop"), tiny_bert, {"segmentation": SEGMENTATION})


@pytest.fixture(scope="module")
def address(shop: Path) -> Iterator[str]:
    """A server of what the run pushed."""
    with served(shop / "root") as found:
        yield found


def test_who_bought_what_is_for_the_owner_alone_and_the_model_for_every_server(shop: Path) -> None:
    def modes(name: str) -> set[int]:
        return {path.stat().st_mode & 0o777 for path in (shop / "root" / name).rglob("*")}

    assert list((shop / "root" / "artifacts").glob("EventsStatisticsGen/**/FeatureStats.pb"))
    assert modes("artifacts") | modes("segments") == {0o700, 0o600}
    pushed = Path(read_summary(shop / "root")["tasks"]["segmentation"]["pushed"])
    assert modes(str(pushed)) == {0o755, 0o644}


def test_the_summary_and_the_report_tell_what_happened(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["segmentation"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "segmentation"
    assert set(task["baselines"]) == {"carried_forward", "gradient_boosting"}
    assert task["users"]["test"] == task["examples"]["test"] == sum(map(sum, task["confusion"]["counts"]))
    report = (shop / "root" / "report.html").read_text(encoding="utf-8")
    assert "Segments of the active users" in report


def test_everybody_has_a_segment_and_it_stays_when_nothing_changed(shop: Path) -> None:
    folder = shop / "root" / "segments"
    found = pq.read_table([str(file) for file in sorted(folder.glob("segments-*.parquet"))]).to_pandas()
    assert len(found) == read_summary(shop / "root")["tasks"]["segmentation"]["examples"]["current"]
    assert set(found.columns) == {"user_id", "segment", "probability", "when"}
    assert pq.read_table(folder / "transitions.parquet").num_rows == 0
    _, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()
    again = pq.read_table([str(file) for file in sorted(folder.glob("segments-*.parquet"))]).to_pandas()
    pd.testing.assert_frame_equal(found, again)


def test_a_terminal_gets_the_segments_of_the_run(shop: Path, address: str) -> None:
    files = sorted((shop / "root" / "segments").glob("segments-*.parquet"))
    expected = {row["user_id"]: row for row in pq.read_table([str(file) for file in files]).to_pylist()}
    last = pd.DataFrame(events()).groupby("user_id")["timestamp"].max()
    away = last.loc[list(expected)].idxmin()
    assert last.max() - last[away] > 3 * DAY  # Whose ages, counted from the user's own last event, would be others.
    for user in {away, *sorted(expected)[::6]}:
        arguments = ["segment", "--user", user, "--events", str(shop / "events.*"), "--address", address, "--json"]
        found = json.loads(CliRunner().invoke(app, arguments).output)
        best = found["segments"][0]
        assert (user, best["label"]) == (user, expected[user]["segment"])
        assert best["probability"] == pytest.approx(expected[user]["probability"], abs=1e-5)
        assert datetime.fromisoformat(found["as_of"]) == expected[user]["when"]


def test_a_terminal_gets_segments_and_reasons(shop: Path, address: str) -> None:
    runner, events_file = CliRunner(), str(shop / "events.jsonl")
    arguments = ["segment", "--user", "user 1", "--events", events_file, "--address", address, "--explain"]
    table = runner.invoke(app, arguments)
    assert table.exit_code == 0, table.output
    assert "in 4 weeks, " in table.output
    assert f"UTC, the end of the hour of the latest event in {events_file}\n" in table.output
    listed = json.loads(runner.invoke(app, [*arguments, "--json"]).output)
    assert {each["label"] for each in listed["segments"]} == {"lapsed", "low", "mid", "high"}
    assert any(each["token"].startswith("spend in 8 weeks: ") for each in listed["reasons"])


def test_the_gateway_says_the_segment_of_a_user_and_why(shop: Path, address: str, tmp_path: Path) -> None:
    rows = [row for row in events() if row["user_id"] == "user 1"]
    now = max(row["timestamp"] for row in rows)
    sent = [{key: row[key] for key in ("user_id", "product_id", "event_type", "timestamp")} for row in rows]
    with running_gateway(tmp_path, address) as gateway, Shelfwise(address) as client:
        gateway.pretend_it_is(now)
        assert gateway.get("/users/user 1/segments").json()["events"] == 0
        assert gateway.post("/events", {"events": sent}).json()["accepted"] == len(sent)
        ordered = sorted(rows, key=lambda row: row["timestamp"])
        history = [[row[name] for row in ordered] for name in ("product_id", "event_type")]
        expected = client.segment(*history, [now - row["timestamp"] for row in ordered])
        for path in ("segments", "profile"):
            found = gateway.get(f"/users/user 1/{path}").json()
            assert [each["label"] for each in found["segments"]] == [each.label for each in expected.segments]
            assert found["segments"][0]["probability"] == pytest.approx(expected.segments[0].probability, abs=1e-4)
            assert (found["behaviour"], found["events"]) == (expected.behaviour, len(rows))
        assert any(each["text"].startswith("spend in 8 weeks: ") for each in found["reasons"])
        latest = [row["product_id"] for row in ordered][::-1][:20]
        assert [each["product_id"] for each in found["latest"]] == latest


@pytest.mark.long
def test_a_recommendation_beside_it_is_judged_and_asked_by_segment(tmp_path: Path, tiny_bert: Path) -> None:
    both = {"recommendation": RECOMMENDATION, "segmentation": SEGMENTATION}
    shop, runner = first_run(tmp_path, tiny_bert, both), CliRunner()
    recommendation = read_summary(shop / "root")["tasks"]["recommendation"]
    assert any(name.startswith("segment_") for name in recommendation["slices"])
    profiles = json.loads((shop / "root" / "segments" / "profiles.json").read_text())
    name = max(profiles, key=lambda segment: len(profiles[segment]["products"]))
    root = str(shop / "root")
    offered = runner.invoke(app, ["recommend", "--segment", name, "--root", root, "--json"])
    assert offered.exit_code == 0, offered.output
    assert {each["product_id"] for each in json.loads(offered.output)} <= {row["product_id"] for row in products()}
    assert runner.invoke(app, ["recommend", "--segment", "nobody", "--root", root]).exit_code != 0


@pytest.mark.long
def test_discovered_segments_keep_their_names_and_each_user_has_a_profile(tmp_path: Path, tiny_bert: Path) -> None:
    discovery = {"fewest": 2, "most": 3, "min_kind_users": 5, "resamples": 2, "window_days": 90}
    segments = {**SEGMENTATION["segments"], "labels": "discovered", "discovery": discovery}
    profiles = {"enabled": True, "chance_days": 10, "moments": 2, "max_users": 50}
    shop = first_run(
        tmp_path, tiny_bert, {"segmentation": {**SEGMENTATION, "segments": segments, "profiles": profiles}}
    )
    root = shop / "root"
    first = read_summary(root)["tasks"]["segmentation"]
    assert first["discovery"]["kept_names"] == 0
    assert first["profiles"]["judged_users"] > 0
    told = json.loads((root / "segments" / "profiles.json").read_text())
    report = (root / "report.html").read_text(encoding="utf-8")
    assert "What sets segments apart" in report
    assert set(told) <= set(first["confusion"]["labels"])
    for name, profile in told.items():
        assert f"come {profile['visits']:.1f} times" in profile["description"], name
    users_table = pq.read_table(root / "users" / "profiles.parquet").to_pydict()
    bought = {row["user_id"] for row in events() if row["event_type"] == "purchase"}
    assert set(users_table["user_id"]) == bought
    assert {path.stat().st_mode & 0o777 for path in (root / "users").iterdir()} == {0o600}
    assert run_quietly(shop / "shop.yaml", root)[1] == set()
    rows = pd.DataFrame(events())
    late = rows[rows["timestamp"] > rows["timestamp"].quantile(0.9)].assign(
        timestamp=lambda new: new["timestamp"] + DAY
    )
    pd.concat([rows, late]).to_json(shop / "events.jsonl", orient="records", lines=True, force_ascii=False)
    summary, ran = run_quietly(shop / "shop.yaml", root)
    again = summary["tasks"]["segmentation"]
    assert "SegmentationExamples" in ran
    assert again["discovery"]["kept_names"] >= 1
    assert set(again["confusion"]["labels"]) & set(first["confusion"]["labels"])
    # What it went on from is what it goes on from when nothing is new.
    assert run_quietly(shop / "shop.yaml", root)[1] == set()
