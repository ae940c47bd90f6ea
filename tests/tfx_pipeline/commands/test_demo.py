"""The demo's configuration: the named tasks, and the tables that they read."""

from importlib.resources import files
from pathlib import Path

import pytest

from tfx_pipeline.commands.demo import config_of_tasks, run_demo, without_reviews
from tfx_pipeline.config.config import load_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.datasets.registry import TABLE_NAMES

DEMO = Path(str(files("tfx_pipeline.config") / "demo.yaml"))


@pytest.mark.parametrize(
    ("tasks", "tables"),
    [
        (["classification"], {"texts"}),
        (["search"], {"products", "events"}),
        (["segmentation", "recommendation"], {"products", "events", "users"}),
        (["search", "classification"], {"products", "events", "texts"}),
    ],
)
def test_named_tasks_come_with_the_tables_that_they_read(tasks: list[str], tables: set[str]) -> None:
    config = config_of_tasks(DEMO, tasks)
    assert (set(config.tasks.requested()), set(config.tables.given())) == (set(tasks), tables)


def test_all_tasks_come_with_all_tables() -> None:
    assert config_of_tasks(DEMO, []) == load_config(DEMO)


def test_every_table_of_the_demo_is_one_that_a_data_set_may_have() -> None:
    assert set(load_config(DEMO).tables.given()) <= set(TABLE_NAMES)


def test_without_reviews_the_other_tasks_are_left() -> None:
    config = without_reviews(DEMO, config_of_tasks(DEMO, ["search", "classification"]), "the index is away")
    assert (config.tasks.requested(), set(config.tables.given())) == (("search",), {"products", "events"})
    with pytest.raises(ConfigError, match="reviews to learn from: the index is away"):
        without_reviews(DEMO, config_of_tasks(DEMO, ["classification"]), "the index is away")


def test_a_task_that_the_demo_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`poetry` is not configured; the file has"):
        run_demo(tmp_path, ["poetry"])
