"""What all scripts of benchmarks/ have in common."""

import ast
import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
START = 'if __name__ == "__main__":\n    typer.run(main)'
SCRIPTS = sorted(file for file in FOLDER.glob("*.py") if "__main__" in file.read_text(encoding="utf-8"))
# Peers run under interpreters without this project, and answer a benchmark instead of a reader.
MODULES = sorted(file.stem for file in FOLDER.glob("*.py"))
# What other programs call these scripts with.
OPTIONS = {
    "answers": {"--data", "--parts", "--set", "--peers", "--seed"},
    "batching": {"--model-folder", "--signature", "--texts", "--threads", "--seconds", "--rounds"},
    "behaviour_signals": {"--users", "--root"},
    "bots": {"--users", "--share"},
    "catalogue_update": {"--root"},
    "chat": {"--root", "--dialogues", "--user"},
    "classifier_throughput": {"--torch-python", "--texts", "--rows", "--length", "--steps", "--turns"},
    "click_bias": {"--data", "--root", "--sessions", "--epochs", "--most", "--seed"},
    "coupons": {"--data", "--seeds", "--peer-python"},
    "privacy": {"--data", "--epsilon", "--shadows", "--seeds", "--torch-python"},
    "promotions": {"--data", "--seed", "--peer-python", "--torch-python"},
    "demand": {"--data", "--origins", "--parts", "--peers", "--set", "--seed"},
    "few_labels": {"--data", "--vader", "--parts", "--seeds", "--minutes"},
    "hostile": {"--root", "--seconds", "--rate", "--rounds", "--only", "--batching"},
    "client": {"--root", "--query"},
    "index": {"--titles", "--queries", "--cache", "--size", "--judged"},
    "pictures": {"--data", "--cache", "--peer-python", "--parts", "--threads", "--seed"},
    "robustness": {"--data", "--texts", "--tries", "--training", "--judged", "--products", "--queries", "--root"},
    "reading": {"--config", "--before", "--turns", "--memory", "--megabytes"},
    "rules": {"--parts"},
    "search_growth": {"--few", "--many", "--before", "--titles"},
    "search_latency": {"--root", "--queries", "--peer-python", "--peer", "--split", "--most"},
    "search_quality": {"--data", "--out", "--root", "--config", "--without-judgements"},
    "segment_explanations": {"--root", "--rows"},
    "segmentation": {"--seeds", "--root", "--set", "--parts"},
    "sequences": {"--data", "--out", "--root", "--config"},
    "similar": {"--root", "--baskets"},
    "serving": {"--root", "--queries", "--seconds", "--rounds", "--load-seconds", "--batch-rows", "--intra-op"},
    "serving_latency": {"--root", "--requests", "--seed"},
    "text_explanations": {"--root", "--texts", "--rows"},
    "texts": {"--data", "--parts", "--steps", "--model", "--saved", "--rows", "--precision", "--known", "--seed"},
    "text_quality": {"--data", "--vader", "--only", "--seeds", "--torch-python", "--root", "--set"},
    "update": {"--root", "--weeks", "--first-week", "--sample"},
    "titles_scale": {"--out", "--titles"},
    "training_throughput": {"--torch-python", "--threads", "--steps", "--runs"},
}


def last_call(function: ast.FunctionDef) -> str:
    """The name of what the last statement of a function calls, or "" where that is no call."""
    statement = function.body[-1]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func)
    return ""


def returns(nodes: Iterable[ast.AST]) -> bool:
    """Whether a function returns before its end; functions within it may."""
    return any(
        isinstance(node, ast.Return)
        or (not isinstance(node, ast.FunctionDef | ast.Lambda) and returns(ast.iter_child_nodes(node)))
        for node in nodes
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_ends_with_its_figures(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    tree = ast.parse(source)
    (main,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert last_call(main) == "print_figures"
    assert not returns(main.body)
    # Nothing is printed after `main`, and no other module's function stands behind the name.
    assert source.rstrip().endswith(START)
    assert "from benchmarks.figures import" in source


@pytest.mark.parametrize("module", MODULES)
def test_can_be_imported(module: str) -> None:
    """No linter sees it when a name that a benchmark imports is gone."""
    importlib.import_module(f"benchmarks.{module}")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_has_its_options(script: Path) -> None:
    app = typer.Typer()
    app.command()(importlib.import_module(f"benchmarks.{script.stem}").main)
    found = {option for parameter in typer.main.get_command(app).params for option in parameter.opts}
    assert found >= OPTIONS.get(script.stem, set())
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def test_every_script_that_others_call_is_there() -> None:
    assert {*OPTIONS} <= {script.stem for script in SCRIPTS}
