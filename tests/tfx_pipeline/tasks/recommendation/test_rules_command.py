"""`shelfwise rules` over the artifact of a real run of the component, and `shelfwise together` over a real server."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from components.rules.options import RulesOptions
from tests.components.rules.rules_runs import EVERY_RULE, purchases, run_rules
from tests.tfx_pipeline.summaries import write_summary_of
from tfx_pipeline.commands.cli import app
from tfx_pipeline.tasks.recommendation import rules_command
from tfx_pipeline.tasks.recommendation.mined_rules import strongest_rules

BASKETS = [["a, b", "[x]"], ["a, b", "[x]"], ["a, b", "c"], ["c"], ["[x]", "c"]]
HEADING = "count confidence lift q value stability bought → together with"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the summary of a run that mined rules."""
    folder = tmp_path_factory.mktemp("root")
    options = RulesOptions(min_support=1, category_min_support=1, **EVERY_RULE)
    run = run_rules(folder, options, purchases(BASKETS), {"c": "Shop", "[x]": "Shop > Tea"})
    write_summary_of(folder, "recommendation", rules={"uri": run.uri})
    return folder


def invoke(root: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["rules", "--root", str(root), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_strongest_rules_come_first_and_brackets_are_kept(root: Path) -> None:
    heading, first, second, *rest = invoke(root, "--k", "2").splitlines()
    assert " ".join(heading.split()) == HEADING
    assert {line.rstrip().rsplit("  ", 1)[1] for line in (first, second)} == {"a, b → [x]", "[x] → a, b"}
    assert first.split()[0] == second.split()[0] == "2"
    assert "1.11" in first
    assert rest == ["the strongest 2 of 6 rules"]


def test_the_summary_holds_the_strongest_of_each_level(root: Path) -> None:
    folder = Path(json.loads((root / "summary.json").read_text())["tasks"]["recommendation"]["rules"]["uri"])
    found = strongest_rules(folder)
    assert json.loads(json.dumps(found)) == found
    assert list(found) == ["product", "category"]
    assert {(rule["bought"][0], rule["together_with"][0]) for rule in found["product"][:2]} == {
        ("a, b", "[x]"),
        ("[x]", "a, b"),
    }
    assert found["product"][0]["lift"] == pytest.approx(10 / 9, abs=0.01)


def test_options_choose_rules(root: Path) -> None:
    assert {row["consequent"] for row in rows(root, products=["c"])} == {"a, b", "[x]", "c"}
    assert len(rows(root, products=["c"])) == 4
    assert len(rows(root, min_lift=1.0)) == 2
    assert [(row["antecedent"], row["consequent"]) for row in rows(root, level="category", products=["Shop"])] == [
        (["Shop > Tea"], "Shop"),
        (["Shop"], "Shop > Tea"),
    ]
    assert invoke(root, "--product", "gone") == "no rule fits\n"


def test_files_hold_every_rule_and_keep_members_apart(root: Path, tmp_path: Path) -> None:
    invoke(root, "--format", "parquet", "--out", str(tmp_path / "rules.parquet"))
    output = invoke(root, "--format", "csv", "--out", str(tmp_path / "rules.csv"))
    assert output == f"wrote 6 rules to {tmp_path / 'rules.csv'}\n"
    stored = pq.read_table(tmp_path / "rules.parquet").to_pylist()
    listed = pd.read_csv(tmp_path / "rules.csv").to_dict("records")
    assert [row["antecedent"] for row in stored] == [json.loads(row["antecedent"]) for row in listed]
    assert ["a, b"] in [row["antecedent"] for row in stored]
    assert [row["lift"] for row in listed] == pytest.approx([row["lift"] for row in stored])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"form": "csv"}, "needs --out FILE"),
        ({"out": Path("x")}, "takes no --out"),
        ({"form": "xml"}, "expected one of table, parquet, csv"),
        ({"level": "brand"}, "rules of product, category only"),
        ({"root": Path("nowhere")}, "there is no summary.json"),
    ],
)
def test_what_cannot_be_is_said(root: Path, arguments: dict[str, object], message: str) -> None:
    defaults = {"root": root, "level": "product", "products": [], "min_lift": 0.0, "k": 1, "form": "table", "out": None}
    with pytest.raises(InputError, match=message):
        rules_command.rules(**{**defaults, **arguments})


def test_a_run_without_rules_is_said(tmp_path: Path) -> None:
    write_summary_of(tmp_path, "recommendation")
    with pytest.raises(InputError, match="mined no rules"):
        rules_command.read_rules(tmp_path, "product", [], 0.0)


def rows(root: Path, level: str = "product", products: list[str] | None = None, min_lift: float = 0.0) -> list[dict]:
    return rules_command.read_rules(root, level, products or [], min_lift).to_pylist()
