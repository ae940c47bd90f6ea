"""The compiled PipelineSpec: what the open-source Kubeflow Pipelines backend refuses is not in it."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tfx_pipeline.config import load_config
from tfx_pipeline.kubeflow_runner import compile_pipeline

GOLDEN = Path(__file__).parent.parent / "golden" / "recommendation_pipeline.yaml"
CONFIG = """
name: golden-shop
tables:
  products: gs://shop/products.parquet
  events: gs://shop/events-*.parquet
text: {backbone: bert_tiny_en_uncased}
tasks: {recommendation: {}}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    config = load_config(folder / "shop.yaml")
    compile_pipeline(
        config, image="example.test/shelfwise:1", pipeline_root="gs://shop/pipeline", out=folder / "spec.yaml"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["shop.yaml", "spec.yaml"]
    # A digest of source changes with every edit of it; that it is there is what counts.
    return re.sub(r"\b[0-9a-f]{64}\b", "SOURCE_DIGEST", (folder / "spec.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def spec(compiled: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(compiled)
    return loaded


def test_it_is_the_golden_file(compiled: str) -> None:
    """`RENEW_GOLDEN=1` writes the file anew; the difference is then read and committed."""
    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.write_text(compiled, encoding="utf-8")
    assert yaml.safe_load(compiled) == yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


def test_it_is_a_bare_spec_of_the_schema_that_the_backend_takes(spec: dict[str, Any]) -> None:
    assert spec["schemaVersion"] == "2.1.0"
    assert set(spec) >= {"pipelineInfo", "root", "components", "deploymentSpec"}
    assert "runtimeConfig" not in spec
    assert "defaultPipelineRoot" not in spec


def test_every_step_is_a_container_without_driver_or_resolver(spec: dict[str, Any]) -> None:
    executors = spec["deploymentSpec"]["executors"]
    assert all(set(executor) == {"container"} for executor in executors.values())
    for executor in executors.values():
        assert executor["container"]["image"] == "example.test/shelfwise:1"
        assert "lifecycle" not in executor["container"]
        assert "--executor_class_path" in executor["container"]["args"]


def test_dependencies_are_tasks_of_the_same_spec(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    dependencies = {dependency for task in tasks.values() for dependency in task.get("dependentTasks", [])}
    assert dependencies < set(tasks)
    assert "ProductsDataGate" in tasks["ProductsTextVectors"]["dependentTasks"]


def test_nothing_of_this_machine_is_in_it(compiled: str) -> None:
    assert str(Path(__file__).parent.parent.parent) not in compiled
    assert str(Path.home()) not in compiled


def test_without_a_ranker_the_towers_go_straight_into_the_index(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG.replace("{recommendation: {}}", "{recommendation: {ranker: off}}"))
    compile_pipeline(
        load_config(tmp_path / "shop.yaml"),
        image="example.test/shelfwise:1",
        pipeline_root="gs://shop/pipeline",
        out=tmp_path / "spec.yaml",
    )
    text = (tmp_path / "spec.yaml").read_text(encoding="utf-8")
    assert "RecommendationIndex" in text
    assert "RecommendationRanker" not in text
