"""What the pages name is there: other pages, their headings, files, commands and configuration keys."""

import ast
import re
import shlex
import string
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from serving.client import Shelfwise
from tests.docs.pages import PAGES, ROOT, blocks, page_id, prose
from tests.kubeflow.command_line import command_names, parsed
from tfx_pipeline.config.config import Config
from tfx_pipeline.summary.model import AblatedSystem, Interval, RunSummary, Slice, TableCounts, TaskSummary
from tfx_pipeline.tasks.registry import TASKS

FOLDERS = "tfx_pipeline|components|trainer|serving|tests|benchmarks|kubeflow|tools|examples|docs"
CONFIGURATION = ROOT / "docs" / "configuration.md"


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    kept = string.ascii_lowercase + string.digits + "-_ "
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower()
        found.add("".join(letter for letter in plain if letter in kept).replace(" ", "-"))
    return found


def configuration_keys() -> set[str]:
    """Returns all dotted keys, and all prefixes of them."""
    names = re.findall(r"^\| `([\w.]+)` \|", CONFIGURATION.read_text("utf-8"), re.MULTILINE)
    return {".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(rf"(?<![\w/<.-])((?:{FOLDERS})/[\w./-]*\w)", page.read_text("utf-8")):
        if not any(part.isupper() for part in name.split("/")):  # MODEL stands for any name.
            assert (ROOT / name).exists(), name


def test_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", index.read_text("utf-8"))}
    records = set((ROOT / "docs" / "design").glob("0*.md"))
    assert set((ROOT / "docs").rglob("*.md")) - records - {index} <= linked
    design = ROOT / "docs" / "design" / "README.md"
    assert records == {
        design.parent / name for name in re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", design.read_text("utf-8"))
    }


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "docs" in page.parts or page.name == "README.md"], ids=page_id
)
def test_commands_are_understood(page: Path) -> None:
    for block in blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(".venv/bin/shelfwise "):
                words = shlex.split(line.partition(" |")[0], comments=True)
                parsed(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_is_python(page: Path) -> None:
    for block in blocks(page, "python"):
        # What is awaited, or stands below a `with` of an earlier block, is read inside a function.
        body = "".join(f"    {line}\n" for line in block.splitlines())
        ast.parse(f"async def shown():\n{body}" if not block.startswith(" ") else f"if True:\n{block}")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_configurations_are_read(page: Path) -> None:
    for block in blocks(page, "yaml"):
        values = yaml.safe_load(block)
        if not set(values.get("tasks", ())) <= set(TASKS):
            continue  # Of a task that the page adds; test_add_a_task runs it.
        tables = {"events": "e.csv", "products": "p.csv", "texts": "t.csv"} | values.get("tables", {})
        Config.model_validate({"tasks": {"recommendation": {}}} | values | {"tables": tables})


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "tasks").glob("*.md")), ids=page_id)
def test_keys_of_the_tasks_are_there(page: Path) -> None:
    keys, seen = configuration_keys(), 0
    for above, rows in re.findall(
        r"^\| key below `([\w.]+)` \|.*\n\|[- |]+\|\n((?:\|.*\n)+)", prose(page), re.MULTILINE
    ):
        for row in rows.splitlines():
            parent = above
            for code in re.findall(r"`([\w.]+)[^`]*`", row.split("|")[1]):
                name = f"{parent}{code}" if code.startswith(".") else f"{above}.{code}"
                assert name in keys, name
                parent = name.rpartition(".")[0]
                seen += 1
    assert seen


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_page(task: str) -> None:
    assert (ROOT / "docs" / "tasks" / f"{task}.md").exists()


@pytest.mark.parametrize("model", [RunSummary, TaskSummary, Interval, Slice, AblatedSystem, TableCounts])
def test_the_page_of_the_summary_names_every_key(model: type[BaseModel]) -> None:
    named = set(re.findall(r"`([\w.]+)`", prose(ROOT / "docs" / "summary.md")))
    assert {name for name in model.model_fields if not {name, f"{name}.test"} & named} == set()


def test_the_page_of_the_client_names_every_method() -> None:
    named = set(re.findall(r"^\| `(\w+)", prose(ROOT / "docs" / "client.md"), re.MULTILINE))
    asked = {name for task in TASKS.values() for name in task.client_methods}
    others = {"ask", "predict", "metadata", "input_shapes", "close"}
    assert asked <= named
    assert asked | others <= {name for name in dir(Shelfwise) if not name.startswith("_")}


def test_the_index_names_every_command() -> None:
    rows = re.findall(r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \|", prose(ROOT / "docs" / "index.md"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]
    assert sorted(named) == sorted(command_names())


def test_the_tutorial_shows_the_configuration_of_the_example() -> None:
    (block,) = blocks(ROOT / "docs" / "tutorial.md", "yaml")
    assert block == (ROOT / "examples" / "tea_shop.yaml").read_text("utf-8")
