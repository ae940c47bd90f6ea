"""A user's mistakes on the command line: one clear message, the right exit code, nothing half written."""

import json
from pathlib import Path

import pytest

import tfx_pipeline.commands.cli as cli
from tests.e2e.shop import write_config, write_tables


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_tables(tmp_path, users=20, products=30)
    return tmp_path


def run_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    """Calls the command line as the console script does; returns exit code, output and errors."""
    monkeypatch.setattr("sys.argv", ["shelfwise", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def lines_of(shop: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (shop / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def write_lines(shop: Path, rows: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (shop / "events.jsonl").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"colour": "red"}, "unknown key `colour`"),
        ({"seed": "soon"}, "`seed`: input should be a valid integer"),
        ({"tables": {"products": "none.csv", "events": "events.jsonl"}}, "none.csv"),
    ],
)
def test_configuration(
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    keys: dict[str, object],
    message: str,
) -> None:
    config = write_config(shop, **keys)
    code, _, errors = run_command(monkeypatch, capfd, "run", "--config", str(config), "--root", str(shop / "root"))
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors
    assert not (shop / "root" / "summary.json").exists()


def test_a_missing_column_stops_the_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_lines(shop, [{key: value for key, value in row.items() if key != "event_type"} for row in lines_of(shop)])
    config = write_config(shop)
    code, _, errors = run_command(monkeypatch, capfd, "run", "--config", str(config), "--root", str(shop / "root"))
    assert code == 2
    assert "`event_type`" in errors
    assert "Traceback" not in errors
    assert not (shop / "root" / "serving").exists()


def test_two_percent_of_bad_rows_against_a_limit_of_one(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = lines_of(shop)
    bad = round(0.02 * len(rows))
    for row in rows[:bad]:
        row["timestamp"] = "yesterday"
    write_lines(shop, rows)
    config = write_config(shop)
    code, _, errors = run_command(monkeypatch, capfd, "run", "--config", str(config), "--root", str(shop / "root"))
    assert code == 2
    assert "events" in errors
    assert str(bad) in errors
    assert "timestamp" in errors
    assert "0.01" in errors or "1%" in errors or "1.00%" in errors
    assert "Traceback" not in errors


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, errors = run_command(monkeypatch, capfd, "similar", "x", "--address", "127.0.0.1:9")
    assert code == 1
    assert "Nothing answers at 127.0.0.1:9" in errors
    assert "Traceback" not in errors


def test_a_data_set_that_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, _, errors = run_command(monkeypatch, capfd, "prepare", "amazon", "--out", str(tmp_path))
    assert code == 2
    assert "complete_journey" in errors
