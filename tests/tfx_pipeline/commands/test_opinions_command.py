"""`shelfwise opinions` over made-up reviews of which all is known."""

import shutil
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from benchmarks.opinion_reviews import FIRST_MONDAY, WEEK_SECONDS, Planted, planted_reviews, write_artifacts
from benchmarks.opinions import of_copies, of_weeks
from components.errors import InputError
from tfx_pipeline.commands.cli import app
from tfx_pipeline.report.opinions import read_table
from tfx_pipeline.summary.file import write_summary
from tfx_pipeline.summary.model import RunSummary

CONFIG = {"name": "shop", "tables": {"texts": "texts.parquet"}, "tasks": {"classification": {}}}


@pytest.fixture(scope="module")
def planted() -> Planted:
    planted = planted_reviews(products=6, weeks=20, bad=2, copied=4, seed=1)
    for day in range(3):  # The same row three times, and a burst of it.
        planted.add("twice", False, "P0001", FIRST_MONDAY)
        for number in range(40):
            planted.add(f"burst {day} {number}", False, "P0002", FIRST_MONDAY + 40 * 86_400)
    return planted


@pytest.fixture(scope="module")
def root(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    files = write_artifacts(planted, root)
    for table, file in zip(("Texts", "Products"), files, strict=True):
        folder = root / "artifacts" / f"{table}ExampleGen" / "examples" / "1" / "Split-all"
        folder.mkdir(parents=True)
        shutil.move(file, folder / "data-00000-of-00001.parquet")
    times = {"seconds": {}, "total_seconds": 1.0, "peak_rss_bytes": 1}
    write_summary(root, RunSummary(version=1, config=CONFIG, tasks={}, **times))
    done = CliRunner().invoke(app, ["opinions", "--root", str(root)])
    assert done.exit_code == 0, done.output
    assert "product P0" in done.output
    return root


def test_planted_weeks_and_copies_are_found(root: Path, planted: Planted) -> None:
    recall, precision = of_weeks(planted, read_table(root, "alarms"))
    assert recall == 1.0
    assert precision >= 0.5
    marked = read_table(root, "marked")
    assert of_copies(planted, marked) == (1.0, 1.0)
    counts = Counter(marked.column("mark").to_pylist())
    assert counts["repeated"] == 1
    assert counts["burst"] >= 120


def test_shares_are_counts_of_what_is_no_copy(root: Path, planted: Planted) -> None:
    counts: Counter[tuple[str, date]] = Counter()
    seen = set()
    for number, values in enumerate(zip(*planted.rows.values(), strict=True)):
        if number not in planted.copies and values not in seen:
            seen.add(values)
            week = date(2024, 1, 1) + timedelta(weeks=(int(str(values[3])) - FIRST_MONDAY) // WEEK_SECONDS)
            counts[str(values[2]), week] += 1
    shares = read_table(root, "shares").to_pylist()
    found = {(row["name"], row["week"]): row["reviews"] for row in shares if row["level"] == "product"}
    assert found == dict(counts)
    for level in ("all", "category"):
        # Each product is of two levels.
        of_level = sum(row["reviews"] for row in shares if row["level"] == level)
        assert of_level == sum(counts.values()) * (1 if level == "all" else 2)
    assert all(row["low"] <= row["share"] <= row["high"] for row in shares)


def test_the_report_has_them(root: Path) -> None:
    html = (root / "report.html").read_text(encoding="utf-8")
    for words in (
        "Weeks that were worse than usual",
        "What negative reviews are about",
        "stand in the table more than",
    ):
        assert words in html


def test_labels_and_times_are_asked_for(root: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["opinions", "--root", str(root), "--negative", "awful"])
    assert isinstance(done.exception, InputError)
    assert "name the negative ones of negative, positive" in str(done.exception)
    shutil.copytree(root, tmp_path / "run")
    (file,) = (tmp_path / "run").rglob("TextsExampleGen/examples/1/Split-all/*.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["timestamp"]), file)
    done = CliRunner().invoke(app, ["opinions", "--root", str(tmp_path / "run")])
    assert "has no column `timestamp`" in str(done.exception)


def test_no_reviews_are_no_error(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "run")
    (file,) = (tmp_path / "run").rglob("TextsExampleGen/examples/1/Split-all/*.parquet")
    rows = pq.read_table(file).slice(0, 1)
    one = pa.table({**dict(zip(rows.column_names, rows.columns, strict=True)), "label": [[b"negative"]]})
    pq.write_table(one, file)
    done = CliRunner().invoke(app, ["opinions", "--root", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert "no week was worse than usual" in done.output
