"""The nodes of a run: what each task adds, and what tasks share."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tfx.orchestration.pipeline import Pipeline

from tfx_pipeline.config.config import load_config
from tfx_pipeline.pipeline import create_pipeline
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.tasks.classification import nodes as classification
from tfx_pipeline.tasks.recommendation import nodes as recommendation
from tfx_pipeline.tasks.search import nodes as search
from tfx_pipeline.tasks.segmentation import nodes as segmentation

TABLE_NODES = ("ExampleGen", "StatisticsGen", "ImportSchema", "ExampleValidator", "DataGate")


def pipeline(folder: Path, tables: tuple[str, ...], tasks: dict[str, Any], **keys: Any) -> Pipeline:
    file = folder / "shop.yaml"
    config = {"tables": {name: f"{name}.csv" for name in tables}, "tasks": tasks, **keys}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    inputs = PipelineInputs(table_digests=dict.fromkeys(tables, "digest"), serving_root="serving")
    return create_pipeline(load_config(file), inputs, "root")


def of_tables(*tables: str) -> list[str]:
    return [f"{table.capitalize()}{node}" for table in tables for node in TABLE_NODES]


def ids(made: Pipeline) -> list[str]:
    return [node.id for node in made.components]


def upstream(made: Pipeline, node_id: str) -> set[str]:
    (node,) = [node for node in made.components if node.id == node_id]
    return {each.id for each in node.upstream_nodes}


def properties(made: Pipeline, node_id: str) -> dict[str, Any]:
    (node,) = [node for node in made.components if node.id == node_id]
    return dict(node.exec_properties)


def test_search_alone_transforms_no_products(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "judgements"), {"search": {}})
    expected = [*of_tables("products", "judgements"), "ProductsTextVectors", *search.NODES]
    assert sorted(ids(made)) == sorted(expected)
    gates = {"ProductsDataGate", "JudgementsDataGate"}
    assert upstream(made, search.NODES.examples) == {"ProductsExampleGen", "JudgementsExampleGen"} | gates
    assert upstream(made, search.NODES.trainer) == {search.NODES.examples, "ProductsTextVectors"}
    assert upstream(made, search.NODES.pusher) == {
        search.NODES.indexer,
        search.NODES.evaluator,
        search.NODES.serving_validator,
    }
    assert properties(made, search.NODES.serving_validator)["model_name"] == "search"


def test_both_tasks_share_the_text_vectors(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "events"), {"recommendation": {}, "search": {"text_training": "full"}})
    shared = ["ProductsTransform", "ProductsTextVectors"]
    expected = [*of_tables("products", "events"), *shared, *recommendation.NODES, *search.NODES]
    assert sorted(ids(made)) == sorted(expected)
    for node_id in (recommendation.NODES.trainer, search.NODES.trainer):
        assert "ProductsTextVectors" in upstream(made, node_id)
    assert "ProductsTransform" not in upstream(made, search.NODES.trainer)
    assert "EventsDataGate" in upstream(made, search.NODES.examples)
    training = {task.MODEL_NAME: properties(made, task.NODES.trainer) for task in (recommendation, search)}
    assert '"training":"full"' in training["search"]["options_json"]
    assert '"training":"frozen"' in training["recommendation"]["options_json"]
    assert '"training":"frozen"' in properties(made, "ProductsTextVectors")["options_json"]


def test_a_shop_of_events_alone_has_neither(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("events",), {"recommendation": {"ranker": False}}, text=False)
    expected = [*of_tables("events"), *recommendation.NODES]
    expected.remove(recommendation.NODES.ranker)
    assert sorted(ids(made)) == sorted(expected)


def test_rules_are_mined_of_events_up_to_the_catalogues_moment_and_served(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "events"), {"recommendation": {}})
    assert upstream(made, recommendation.NODES.rules) == {"EventsExampleGen", recommendation.NODES.examples}
    assert recommendation.NODES.rules in upstream(made, recommendation.NODES.indexer)
    without = pipeline(tmp_path, ("products", "events"), {"recommendation": {"rules": False}})
    assert {*ids(made)} - {*ids(without)} == {recommendation.NODES.rules}


def test_classification_needs_texts_alone(tmp_path: Path) -> None:
    keys = {"features": {"texts": {"categorical": ["shop"]}}}
    made = pipeline(tmp_path, ("texts",), {"classification": {"split": {"split_column": "part"}}}, **keys)
    assert sorted(ids(made)) == sorted([*of_tables("texts"), *classification.NODES])
    assert upstream(made, classification.NODES.examples) == {"TextsExampleGen", "TextsDataGate"}
    assert '"categorical_columns":["shop","part"]' in properties(made, "TextsExampleGen")["options_json"]
    assert properties(made, classification.NODES.evaluator)["slice_columns"] == '["shop"]'
    assert '"training":"full"' in properties(made, classification.NODES.trainer)["options_json"]
    assert properties(made, classification.NODES.serving_validator)["model_name"] == "classification"


def test_segmentation_reads_events_and_what_there_is_beside_them(tmp_path: Path) -> None:
    keys = {"features": {"users": {"categorical": ["age"]}}}
    task = {"segmentation": {"event_types": ["purchase"]}}
    made = pipeline(tmp_path, ("products", "events", "users"), task, **keys)
    tables = of_tables("products", "events", "users")
    assert sorted(ids(made)) == sorted([*tables, *segmentation.NODES])
    assert {"EventsDataGate", "ProductsDataGate", "UsersDataGate"} <= upstream(made, segmentation.NODES.examples)
    assert properties(made, segmentation.NODES.evaluator)["attributes"] == '["age"]'
    assert '"event_types":["purchase"]' in properties(made, "EventsExampleGen")["options_json"]
    alone = pipeline(tmp_path, ("events",), task)
    assert sorted(ids(alone)) == sorted([*of_tables("events"), *segmentation.NODES])
    both = pipeline(tmp_path, ("products", "events"), {**task, "recommendation": {"event_types": {"purchase": 1}}})
    assert recommendation.NODES.indexer in upstream(both, segmentation.NODES.segments)


@pytest.mark.parametrize("task", [recommendation, search, segmentation])
def test_nodes_come_in_an_order_that_can_be_run(tmp_path: Path, task: Any) -> None:
    made = pipeline(tmp_path, ("products", "events"), {task.MODEL_NAME: {}})
    done: set[str] = set()
    for node in made.components:
        assert {each.id for each in node.upstream_nodes} <= done
        done.add(node.id)
