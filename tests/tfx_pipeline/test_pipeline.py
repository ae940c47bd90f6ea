"""The nodes of a run: what each task adds, and what tasks share."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tfx.orchestration.pipeline import Pipeline

from tests.task_nodes import CLASSIFICATION_NODES, RECOMMENDATION_NODES, SEARCH_NODES, SEGMENTATION_NODES
from tfx_pipeline.config.config import load_config
from tfx_pipeline.pipeline import create_pipeline
from tfx_pipeline.shop.inputs import PipelineInputs

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
    expected = [*of_tables("products", "judgements"), "ProductsTextVectors", *SEARCH_NODES]
    assert sorted(ids(made)) == sorted(expected)
    gates = {"ProductsDataGate", "JudgementsDataGate"}
    assert upstream(made, "SearchExamples") == {"ProductsExampleGen", "JudgementsExampleGen"} | gates
    assert upstream(made, "SearchTrainer") == {"SearchExamples", "ProductsTextVectors"}
    assert upstream(made, "SearchPusher") == {
        "SearchIndex",
        "SearchEvaluator",
        "SearchServingValidator",
    }
    assert properties(made, "SearchServingValidator")["model_name"] == "search"


def test_what_texts_are_made_of_reaches_the_nodes_that_read_them(tmp_path: Path) -> None:
    fields = ["title", "product_id", "sku"]
    kept = pipeline(tmp_path, ("products",), {"search": {}}, text={"fields": fields}, markup="kept")
    cut = pipeline(tmp_path, ("products",), {"search": {}})
    made = [json.loads(properties(each, "ProductsExampleGen")["options_json"])["keep_markup"] for each in (kept, cut)]
    assert made == [True, False]
    assert json.loads(properties(kept, "SearchExamples")["options_json"])["text_fields"] == fields
    assert json.loads(properties(kept, "ProductsTextVectors")["options_json"])["fields"] == fields


def test_whatever_reads_products_reads_them_with_what_reviews_say(tmp_path: Path) -> None:
    tables, tasks = ("products", "events", "texts"), {"search": {}, "recommendation": {}}
    text = {"fields": ["title", "review_phrases"], "most_review_phrases": 5}
    made = pipeline(tmp_path, tables, tasks, text=text)
    assert upstream(made, "ProductsReviews") == {
        *("ProductsExampleGen", "ProductsDataGate"),
        *("TextsExampleGen", "TextsDataGate"),
    }
    assert properties(made, "ProductsReviews")["phrases"] == 5
    for node in ("ProductsTransform", "ProductsTextVectors", "SearchExamples", "RecommendationExamples"):
        assert "ProductsReviews" in upstream(made, node)
        assert "ProductsExampleGen" not in upstream(made, node)
    assert "ProductsReviews" not in ids(pipeline(tmp_path, tables, tasks))


def test_both_tasks_share_the_text_vectors(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "events"), {"recommendation": {}, "search": {"text_training": "full"}})
    shared = ["ProductsTransform", "ProductsTextVectors"]
    expected = [*of_tables("products", "events"), *shared, *RECOMMENDATION_NODES, *SEARCH_NODES]
    assert sorted(ids(made)) == sorted(expected)
    for node_id in ("RecommendationTrainer", "SearchTrainer"):
        assert "ProductsTextVectors" in upstream(made, node_id)
    assert "ProductsTransform" not in upstream(made, "SearchTrainer")
    assert "EventsDataGate" in upstream(made, "SearchExamples")
    training = {task: properties(made, f"{task.capitalize()}Trainer") for task in ("recommendation", "search")}
    assert '"training":"full"' in training["search"]["options_json"]
    assert '"training":"frozen"' in training["recommendation"]["options_json"]
    assert '"training":"frozen"' in properties(made, "ProductsTextVectors")["options_json"]


def test_a_shop_of_events_alone_has_neither(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("events",), {"recommendation": {"ranker": False}}, text=False)
    expected = [*of_tables("events"), *RECOMMENDATION_NODES]
    expected.remove("RecommendationRanker")
    assert sorted(ids(made)) == sorted(expected)


def test_rules_are_mined_of_events_up_to_the_catalogues_moment_and_served(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "events"), {"recommendation": {}})
    assert upstream(made, "BasketRules") == {"EventsExampleGen", "RecommendationExamples"}
    assert "BasketRules" in upstream(made, "RecommendationIndex")
    without = pipeline(tmp_path, ("products", "events"), {"recommendation": {"rules": False}})
    assert {*ids(made)} - {*ids(without)} == {"BasketRules"}


def test_classification_needs_texts_alone(tmp_path: Path) -> None:
    keys = {"features": {"texts": {"categorical": ["shop"]}}}
    made = pipeline(tmp_path, ("texts",), {"classification": {"split": {"split_column": "part"}}}, **keys)
    assert sorted(ids(made)) == sorted([*of_tables("texts"), *CLASSIFICATION_NODES])
    assert upstream(made, "ClassificationExamples") == {"TextsExampleGen", "TextsDataGate"}
    assert '"categorical_columns":["shop","part"]' in properties(made, "TextsExampleGen")["options_json"]
    assert properties(made, "ClassificationEvaluator")["slice_columns"] == '["shop"]'
    assert '"training":"full"' in properties(made, "ClassificationTrainer")["options_json"]
    assert properties(made, "ClassificationServingValidator")["model_name"] == "classification"


def test_segmentation_reads_events_and_what_there_is_beside_them(tmp_path: Path) -> None:
    keys = {"features": {"users": {"categorical": ["age"]}}}
    task = {"segmentation": {"event_types": ["purchase"]}}
    made = pipeline(tmp_path, ("products", "events", "users"), task, **keys)
    tables = of_tables("products", "events", "users")
    assert sorted(ids(made)) == sorted([*tables, *SEGMENTATION_NODES])
    assert {"EventsDataGate", "ProductsDataGate", "UsersDataGate"} <= upstream(made, "SegmentationExamples")
    assert properties(made, "SegmentationEvaluator")["slice_columns"] == '["age"]'
    assert '"event_types":["purchase"]' in properties(made, "EventsExampleGen")["options_json"]
    alone = pipeline(tmp_path, ("events",), task)
    assert sorted(ids(alone)) == sorted([*of_tables("events"), *SEGMENTATION_NODES])
    both = pipeline(tmp_path, ("products", "events"), {**task, "recommendation": {"event_types": {"purchase": 1}}})
    assert "RecommendationIndex" in upstream(both, "UserSegments")


def test_returns_cancel_what_any_task_takes_for_a_purchase(tmp_path: Path) -> None:
    segmentation = {"event_types": ["view", "order"], "bought_event_type": "order"}
    tasks = {"recommendation": {"event_types": {"sale": 1, "order": 1}, "bought_event_type": "sale"}}
    both = pipeline(tmp_path, ("products", "events"), {**tasks, "segmentation": segmentation})
    assert '"bought_event_types":["sale","order"]' in properties(both, "EventsExampleGen")["options_json"]
    neither = pipeline(tmp_path, ("products", "events"), {"search": {}})
    assert '"bought_event_types":["purchase"]' in properties(neither, "EventsExampleGen")["options_json"]


@pytest.mark.parametrize("task", ["recommendation", "search", "segmentation"])
def test_nodes_come_in_an_order_that_can_be_run(tmp_path: Path, task: str) -> None:
    made = pipeline(tmp_path, ("products", "events"), {task: {}})
    done: set[str] = set()
    for node in made.components:
        assert {each.id for each in node.upstream_nodes} <= done
        done.add(node.id)
