"""What steps are given, and what they cannot be given."""

from typing import Any

import pytest
from tfx.orchestration.pipeline import Pipeline

from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.cluster.parameters import submission_inputs
from tfx_pipeline.cluster.resources import platform_document, set_resources
from tfx_pipeline.config.config import Config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.pipeline import create_pipeline

CONFIG = Config.model_validate({"tables": {"events": "e.csv"}, "text": False, "tasks": {"recommendation": {}}})
TPU_NODES = ["cloud.google.com/gke-tpu-accelerator=tpu-v5-lite-podslice", "cloud.google.com/gke-tpu-topology=2x2"]


@pytest.fixture
def pipeline() -> Pipeline:
    return create_pipeline(CONFIG, submission_inputs(CONFIG, "gs://shop/serving"), "gs://shop")


def options(**chosen: Any) -> CompileOptions:
    return CompileOptions(image="shelfwise:1", pipeline_root="gs://shop", **chosen)


def resources(pipeline: Pipeline) -> dict[str, Any]:
    return {node.id: node.platform_config for node in pipeline.components if node.platform_config is not None}


def test_nothing_asked_is_nothing_set(pipeline: Pipeline) -> None:
    set_resources(pipeline, options())
    assert resources(pipeline) == {}
    assert platform_document(pipeline, options()) is None


def test_a_steps_own_value_wins_wherever_it_stands(pipeline: Pipeline) -> None:
    set_resources(pipeline, options(cpu=["RecommendationTrainer=250m", "3"], memory=["EventsExampleGen=1500M"]))
    found = resources(pipeline)
    assert found["RecommendationTrainer"].cpu_limit == 0.25
    assert found["EventsDataGate"].cpu_limit == 3.0
    assert found["EventsExampleGen"].memory_limit == 1.5
    assert found["EventsDataGate"].memory_limit == 0.0


def test_an_accelerator_goes_to_what_trains(pipeline: Pipeline) -> None:
    chosen = options(accelerator=["google.com/tpu:4"], node_selector=TPU_NODES)
    set_resources(pipeline, chosen)
    assert set(resources(pipeline)) == {"RecommendationTrainer", "RecommendationRanker"}
    document = platform_document(pipeline, chosen)
    assert document is not None
    executors = document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(executors) == {"RecommendationTrainer_executor", "RecommendationRanker_executor"}
    labels = executors["RecommendationTrainer_executor"]["nodeSelector"]["labels"]
    assert labels["cloud.google.com/gke-tpu-topology"] == "2x2"


def test_without_an_accelerator_a_selector_is_for_all_steps(pipeline: Pipeline) -> None:
    document = platform_document(pipeline, options(node_selector=["pool=batch"]))
    assert document is not None
    executors = document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(executors) == {f"{node.id}_executor" for node in pipeline.components}


def test_the_volume_of_served_models_is_where_they_are_pushed_and_where_the_last_blessed_one_is_read() -> None:
    tables = {"events": "e.csv", "products": "p.csv", "texts": "t.csv"}
    tasks: dict[str, Any] = {"recommendation": {}, "search": {}, "classification": {}, "segmentation": {}}
    config = Config.model_validate({"tables": tables, "tasks": tasks})
    whole = create_pipeline(config, submission_inputs(config, "/serving"), "gs://shop")
    document = platform_document(whole, options(serving_claim="models"))
    assert document is not None
    executors = document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    names = [name.capitalize() for name in tasks]
    assert set(executors) == {f"{name}{node}_executor" for name in names for node in ("Evaluator", "Pusher")}
    for executor in executors.values():
        assert [(mount["constant"], mount["mountPath"]) for mount in executor["pvcMount"]] == [("models", "/serving")]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"accelerator": ["nvidia.com/rtx:1"]}, "--accelerator nvidia.com/rtx:1: expected nvidia.com/gpu"),
        ({"accelerator": ["gpu"]}, "expected nvidia.com/gpu"),
        ({"accelerator": ["nvidia.com/gpu:0"]}, "a count of 1 or more"),
        ({"accelerator": ["nvidia.com/gpu:many"]}, "a count of 1 or more"),
        ({"accelerator": ["google.com/tpu:4"]}, "--node-selector cloud.google.com/gke-tpu-topology=VALUE"),
        ({"accelerator": ["nvidia.com/gpu:1"], "vertex": True}, "Vertex AI calls them NVIDIA_"),
        ({"accelerator": ["Trainer=nvidia.com/gpu:1"]}, "there is no step Trainer; the steps are EventsExampleGen"),
        ({"cpu": ["many"]}, "--cpu many: expected a quantity"),
        ({"cpu": ["0"]}, "--cpu 0: expected more than nothing"),
        ({"memory": ["-1Gi"]}, "expected more than nothing"),
        ({"memory": ["16GiB"]}, "--memory 16GiB: expected a quantity"),
        ({"node_selector": ["pool"]}, "--node-selector pool: expected label=value"),
        ({"node_selector": ["a b=c"]}, "expected label=value"),
    ],
)
def test_what_cannot_be_given_is_one_line(pipeline: Pipeline, chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        _ = set_resources(pipeline, options(**chosen)), platform_document(pipeline, options(**chosen))
    assert "\n" not in str(raised.value)
