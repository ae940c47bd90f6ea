"""The demo's configuration: the named tasks, and the tables that they read."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tfx_pipeline.commands.demo import config_of_tasks, run_demo, with_their_language_models, without_reviews
from tfx_pipeline.commands.demo_answers import prepare_answers
from tfx_pipeline.config.config import load_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.datasets.registry import TABLE_NAMES

DEMO = Path(str(files("tfx_pipeline.config") / "demo.yaml"))


@pytest.mark.parametrize(
    ("tasks", "tables"),
    [
        (["classification"], {"texts"}),
        (["search"], {"products", "events", "impressions"}),
        (["segmentation", "recommendation"], {"products", "events", "users"}),
        (["support"], {"answers", "products"}),
        (["writing"], {"answers", "products"}),
        (["search", "classification"], {"products", "events", "impressions", "texts"}),
    ],
)
def test_named_tasks_come_with_the_tables_that_they_read(tasks: list[str], tables: set[str]) -> None:
    config = config_of_tasks(DEMO, tasks)
    assert (set(config.tasks.requested()), set(config.tables.given())) == (set(tasks), tables)


def test_all_tasks_come_with_all_tables() -> None:
    assert config_of_tasks(DEMO, []) == load_config(DEMO)


def test_every_table_of_the_demo_is_one_that_a_data_set_may_have_or_the_one_that_comes_with_it(tmp_path: Path) -> None:
    assert set(load_config(DEMO).tables.given()) <= {*TABLE_NAMES, "answers"}
    prepare_answers(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({row["question"] for row in rows}) == len(rows) == 185
    by_id = {(row["answer_id"], row["intent"], row["text"]) for row in rows}
    assert len(by_id) == len({answer_id for answer_id, _, _ in by_id}) == 25


def test_without_reviews_the_other_tasks_are_left() -> None:
    config = without_reviews(DEMO, config_of_tasks(DEMO, ["search", "classification"]), "the index is away")
    assert (config.tasks.requested(), set(config.tables.given())) == (
        ("search",),
        {"products", "events", "impressions"},
    )
    with pytest.raises(ConfigError, match="reviews to learn from: the index is away"):
        without_reviews(DEMO, config_of_tasks(DEMO, ["classification"]), "the index is away")


def test_without_a_language_model_the_other_tasks_are_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "demo.yaml"
    demo = DEMO.read_text("utf-8").replace(
        "    language:\n", "    language:\n      model: package:no_such_package/x.gguf\n"
    )
    file.write_text(demo, "utf-8")
    assert with_their_language_models(file, ["search", "writing"]) == ["search"]
    assert "goes without the task writing: Language model `package:no_such" in " ".join(capsys.readouterr().out.split())
    assert with_their_language_models(file, ["search"]) == ["search"]
    with pytest.raises(ConfigError, match="there is no other task"):
        with_their_language_models(file, ["writing"])


def test_a_task_that_the_demo_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`poetry` is not configured; the file has"):
        run_demo(tmp_path, ["poetry"])
