"""What an update starts from, by what is new in the tables."""

from pathlib import Path

import pytest
import yaml

from components.errors import InputError
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.running.run_state import earlier_outputs, is_up_to_date, tables_of_parts
from tfx_pipeline.summary.state import PartState, RunState
from tfx_pipeline.updates.update import configuration

TASKS = ("recommendation", "classification")
DIGESTS = {"events": "e1", "products": "p1", "texts": "t1"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    values = {
        "tables": {name: f"{name}.csv" for name in DIGESTS},
        "tasks": {"recommendation": {}, "classification": {}},
    }
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(values))
    return load_config(tmp_path / "shop.yaml")


def state_of(config: Config, folder: Path) -> RunState:
    parts = {
        name: PartState(
            tables={table: DIGESTS[table] for table in tables},
            outputs={f"{name}.out": "now"},
            earlier={f"{name}.out": "before"},
            pushed=str(folder) if name in TASKS else "",
        )
        for name, tables in tables_of_parts(config).items()
    }
    return RunState(config=config.model_dump(mode="json"), parts=parts)


def test_a_part_reads_its_own_tables(config: Config) -> None:
    assert tables_of_parts(config) == {
        "recommendation": {"events", "products"},
        "classification": {"texts"},
        "products": {"products"},
        "table events": {"events"},
        "table products": {"products"},
        "table texts": {"texts"},
    }


def test_what_has_nothing_new_is_made_from_what_it_was_made_from(config: Config, tmp_path: Path) -> None:
    state = state_of(config, tmp_path)
    same = {f"{name}.out": "before" for name in tables_of_parts(config)}
    assert earlier_outputs(config, DIGESTS, state, update=True) == same
    new_events = {**DIGESTS, "events": "e2"}
    moved = {"recommendation.out": "now", "table events.out": "now"}
    assert earlier_outputs(config, new_events, state, update=True) == same | moved
    new_products = {**DIGESTS, "products": "p2"}
    moved = dict.fromkeys(("recommendation.out", "products.out", "table products.out"), "now")
    assert earlier_outputs(config, new_products, state, update=True) == same | moved


def test_a_run_only_compares_its_tables_with_the_last_ones(config: Config, tmp_path: Path) -> None:
    state = state_of(config, tmp_path)
    moved = earlier_outputs(config, {**DIGESTS, "events": "e2"}, state, update=False)
    assert moved == {"table events.out": "now", "table products.out": "before", "table texts.out": "before"}
    assert earlier_outputs(config, DIGESTS, None, update=False) == {}


def test_nothing_is_new_only_if_all_tables_are_the_same_and_the_models_stand(config: Config, tmp_path: Path) -> None:
    state = state_of(config, tmp_path)
    assert is_up_to_date(config, DIGESTS, state)
    assert not is_up_to_date(config, {**DIGESTS, "texts": "t2"}, state)
    assert not is_up_to_date(config, DIGESTS, state_of(config, tmp_path / "gone"))
    assert not is_up_to_date(config, DIGESTS, RunState(config=state.config, parts={}))


def test_an_update_has_the_configuration_of_the_run_and_the_tasks_that_were_pushed(
    config: Config, tmp_path: Path
) -> None:
    state = state_of(config, tmp_path)
    assert configuration(tmp_path, state) == config
    assert configuration(tmp_path, state, ["classification"]).tasks.requested() == ("classification",)
    with pytest.raises(
        InputError, match=r"--tasks: no model of `search` was pushed under .* has recommendation, class"
    ):
        configuration(tmp_path, state, ["search"])
