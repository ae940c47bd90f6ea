"""The configuration: what is read, what is refused, and in which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_pipeline.config import ConfigError, load_config

SHOP = """
name: shop
tables:
  products: products.csv
  events: events.jsonl
tasks:
  recommendation:
    min_product_events: 5
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_tables_are_found_beside_the_configuration(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SHOP))
    assert config.tables.given() == {
        "events": str(tmp_path / "events.jsonl"),
        "products": str(tmp_path / "products.csv"),
    }
    assert config.tasks.requested() == ("recommendation",)
    assert config.tasks.recommendation is not None
    assert config.tasks.recommendation.min_product_events == 5


def test_remote_tables_are_left_alone(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SHOP), ["tables.events=gs://bucket/events-*.parquet"])
    assert config.tables.events == "gs://bucket/events-*.parquet"


def test_a_task_without_options_has_the_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "tables: {events: e.csv}\ntext: off\ntasks:\n  recommendation:\n"))
    assert config.tasks.recommendation is not None
    assert config.text is None


@given(rate=st.floats(1e-6, 1.0), layers=st.integers(1, 6))
def test_overrides_replace_what_the_file_says(
    tmp_path_factory: pytest.TempPathFactory, rate: float, layers: int
) -> None:
    file = write(tmp_path_factory.mktemp("config"), SHOP)
    config = load_config(
        file,
        [
            f"tasks.recommendation.training.learning_rate={rate:.12f}",
            f"tasks.recommendation.towers.layers={layers}",
        ],
    )
    assert config.tasks.recommendation is not None
    assert config.tasks.recommendation.training.learning_rate == pytest.approx(rate, abs=1e-11)
    assert config.tasks.recommendation.towers.layers == layers


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (SHOP + "colour: red", [], "unknown key `colour`"),
        (SHOP, ["tasks.recommendation.towers.layer=2"], "unknown key `tasks.recommendation.towers.layer`"),
        (SHOP, ["seed=soon"], "`seed`: input should be a valid integer"),
        (
            SHOP,
            ["tasks.recommendation.towers.dropout=1.5"],
            "towers.dropout`: input should be less than 1, got 1.5",
        ),
        (SHOP, ["seed"], "--set seed: expected key.key=value"),
        (SHOP, ["name.first=x"], "`name` is a value"),
        ("tables: {events: e.csv}\ntasks: {recommendation: {}}", [], "`tables.products` is missing"),
        ("tables: {products: p.csv}\ntasks: {recommendation: {}}", [], "`tables.events` is missing"),
        ("tables: {events: e.csv}\ntasks: {}", [], "`tasks` names no task"),
        ("tasks: {recommendation: {}}", [], "`tables` is missing"),
        ("- a list", [], "expected keys and values at the top, got list"),
        ("a: [1", [], "expected YAML"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(
    tmp_path: Path, text: str, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(write(tmp_path, text), overrides)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such configuration file"):
        load_config(tmp_path / "none.yaml")


def test_an_unknown_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tasks: `search` is not configured; the file has recommendation"):
        load_config(write(tmp_path, SHOP), tasks=["search"])
