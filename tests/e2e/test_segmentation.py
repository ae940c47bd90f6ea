"""Segments of users: from tables to answers on a terminal, alone and with a recommendation beside them."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.components.segmentation.shop import DAY, OPTIONS, events, products, users
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import SEGMENTATION_NODES
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


def test_a_terminal_gets_the_segments_of_the_run(shop: Path) -> None:
    files = sorted((shop / "root" / "segments").glob("segments-*.parquet"))
    expected = {row["user_id"]: row for row in pq.read_table([str(file) for file in files]).to_pylist()}
    last = pd.DataFrame(events()).groupby("user_id")["timestamp"].max()
    away = last.loc[list(expected)].idxmin()
    assert last.max() - last[away] > 3 * DAY  # Whose ages, counted from the user's own last event, would be others.
    runner = CliRunner()
    with served(shop / "root") as address:
        for user in {away, *sorted(expected)[::6]}:
            arguments = ["segment", "--user", user, "--events", str(shop / "events.*"), "--address", address, "--json"]
            found = json.loads(runner.invoke(app, arguments).output)
            best = found["segments"][0]
            assert (user, best["label"]) == (user, expected[user]["segment"])
            assert best["probability"] == pytest.approx(expected[user]["probability"], abs=1e-5)
            assert datetime.fromisoformat(found["as_of"]) == expected[user]["when"]


def test_a_terminal_gets_segments_and_reasons(shop: Path) -> None:
    runner = CliRunner()
    with served(shop / "root") as address:
        events_file = str(shop / "events.jsonl")
        arguments = ["segment", "--user", "user 1", "--events", events_file, "--address", address, "--explain"]
        table = runner.invoke(app, arguments)
        assert table.exit_code == 0, table.output
        assert "in 4 weeks, " in table.output
        assert f"UTC, the end of the hour of the latest event in {events_file}\n" in table.output
        listed = json.loads(runner.invoke(app, [*arguments, "--json"]).output)
        assert {each["label"] for each in listed["segments"]} == {"lapsed", "low", "mid", "high"}
        assert any(each["token"].startswith("spend in 8 weeks: ") for each in listed["reasons"])


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
