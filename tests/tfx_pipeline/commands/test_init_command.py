"""`shelfwise init`: what it prints and writes, and what it refuses."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.tfx_pipeline.init.exports import EXPORTS
from tfx_pipeline.commands.cli import app, main
from tfx_pipeline.config.config import load_config
from tfx_pipeline.tasks.registry import TASKS


def init(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Runs the command line as the program does; returns exit code, output and errors."""
    monkeypatch.setattr("sys.argv", ["shelfwise", "init", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("name", list(EXPORTS))
def test_each_export_becomes_a_configuration_that_can_be_loaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    EXPORTS[name](tmp_path / "data")
    out = tmp_path / "shop.yaml"
    code, printed, errors = init(monkeypatch, capsys, str(tmp_path / "data"), "--out", str(out))
    assert (code, errors) == (0, "")
    assert f"These files look like an export of {name}." in printed
    assert "with recommendation" in printed
    assert f"shelfwise run --config {out}" in printed
    config = load_config(out)
    assert config.tasks.requested()[0] == "recommendation"
    values: dict[str, Any] = yaml.safe_load(out.read_text(encoding="utf-8"))
    text = str(values["tables"])
    assert str(tmp_path) not in text  # Paths are taken from the configuration's folder.
    assert "data/" in text or "'data'" in text


def test_users_stay_out_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    EXPORTS["Shopify"](tmp_path)
    out = tmp_path / "shop.yaml"
    _, printed, _ = init(monkeypatch, capsys, str(tmp_path / "orders_export_1.csv"), "--out", str(out))
    assert "@example.org" in printed
    assert "@example.org" not in out.read_text(encoding="utf-8")


def test_a_file_that_is_there_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    EXPORTS["RetailRocket"](tmp_path)
    out = tmp_path / "shop.yaml"
    out.write_text("mine", encoding="utf-8")
    code, _, errors = init(monkeypatch, capsys, str(tmp_path / "events.csv"), "--out", str(out))
    assert code == 2
    assert "is there already and was kept" in errors
    assert out.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"city": ["Bonn"], "degrees": [3]}), "no table was found"),
        (
            pd.DataFrame({"user_id": ["a"], "product_id": ["b"], "timestamp": ["2024-01-01"], "event_type": ["view"]}),
            "no task can run on these files",
        ),
        (
            pd.DataFrame({"user_id": ["a"], "product_id": ["b"], "timestamp": ["2024-01-01"], "event_type": ["view"]}),
            "The times do not say in which zone they are",
        ),
    ],
)
def test_what_makes_no_configuration_is_one_message(
    table: pd.DataFrame,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "shop.yaml"
    code, _, errors = init(monkeypatch, capsys, str(tmp_path / "table.csv"), "--out", str(out))
    assert code == 2
    assert errors.startswith("error: ")
    assert message in errors
    assert "Table `files`" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv"]


def test_what_a_run_would_refuse_is_no_configuration_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"u{n % 30},p{n % 9},view,2024-01-0{1 + n % 9},1,2\n" for n in range(200))
    (tmp_path / "log.csv").write_text("user_id,product_id,event_type,timestamp,price,price\n" + rows, encoding="utf-8")
    out = tmp_path / "shop.yaml"
    code, printed, errors = init(monkeypatch, capsys, str(tmp_path / "log.csv"), "--out", str(out))
    assert code == 2
    assert "these files make no configuration that runs" in errors
    assert "`price`" in errors
    assert "run it with" not in printed
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_line_break_in_a_heading_is_no_line_break_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame(
        {
            "Customer\nID": ["NULL" if n % 5 == 0 else f"u{n % 30}" for n in range(200)],
            "product_id": [f"p{n % 9}" for n in range(200)],
            "event_type": ["view", "purchase"] * 100,
            "timestamp": [f"2024-01-0{1 + n % 9}" for n in range(200)],
        }
    )
    table.to_excel(tmp_path / "log.xlsx", index=False)
    out = tmp_path / "shop.yaml"
    code, _, errors = init(monkeypatch, capsys, str(tmp_path / "log.xlsx"), "--out", str(out))
    assert (code, errors) == (0, "")
    (source,) = load_config(out).tables.given()["events"]
    assert source.columns["user_id"] == "Customer\nID"
    assert source.leave_out == {"Customer\nID": ("", "NULL")}


def test_what_is_not_proposed_is_said_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    EXPORTS["Taobao user behaviour"](tmp_path)
    out = tmp_path / "shop.yaml"
    _, printed, _ = init(monkeypatch, capsys, str(tmp_path), "--out", str(out))
    written = out.read_text(encoding="utf-8")
    for task in TASKS:
        assert f"with {task}" in printed or f"without {task}" in printed
    assert "# Not here: search. Search needs products with titles." in written
    assert load_config(out).text is None
    assert app.info.name == "shelfwise"
