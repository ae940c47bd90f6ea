"""The compiled PipelineSpec: what the backends of Kubeflow and Vertex AI refuse is not in it.

The rules are those of the open-source backend's source, version 2.17: apiserver/template/v2_template.go,
v2/compiler/argocompiler/, v2/driver/driver.go and util.go.
"""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as specs

from tests.task_nodes import (
    CLASSIFICATION_NODES,
    DEMAND_NODES,
    RESPONSE_NODES,
    SEGMENTATION_NODES,
    SUPPORT_NODES,
    WRITING_NODES,
)
from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.config.config import read_config
from tfx_pipeline.kubeflow_runner import compile_pipeline

GOLDEN = Path(__file__).parent.parent / "golden"
CONFIG = """
name: golden-shop
tables:
  products: gs://shop/products.parquet
  events: events-*.parquet
text: {backbone: bert_tiny_en_uncased}
tasks: {recommendation: {}}
"""
OPTIONS = CompileOptions(
    image="example.test/shelfwise:1",
    pipeline_root="gs://shop/pipeline/",
    serving_claim="models",
    cpu=["2", "RecommendationTrainer=7500m"],
    memory=["8Gi"],
    accelerator=["nvidia.com/gpu:1"],
    node_selector=["disk=fast"],
)
VERTEX = CompileOptions(
    image="example.test/shelfwise:1",
    pipeline_root="gs://shop/pipeline",
    accelerator=["RecommendationTrainer=NVIDIA_L4:2"],
    vertex=True,
)
PLACEHOLDER = re.compile(r"\$\.(inputs|outputs)")


def compiled_text(folder: Path, options: CompileOptions, name: str, config: str = CONFIG) -> str:
    (folder / "shop.yaml").write_text(config, encoding="utf-8")
    compile_pipeline(read_config(folder / "shop.yaml"), options, folder / name)
    assert {path.name for path in folder.iterdir()} == {"shop.yaml", name}
    return (folder / name).read_text(encoding="utf-8")


def without_digests(text: str) -> str:
    """A digest of source changes with every edit of it; that it is there is what counts."""
    return re.sub(r"\b[0-9a-f]{64}\b", "SOURCE_DIGEST", text)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return without_digests(compiled_text(tmp_path_factory.mktemp("compiled"), OPTIONS, "spec.yaml"))


@pytest.fixture(scope="module")
def documents(compiled: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(compiled))


@pytest.fixture(scope="module")
def spec(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return documents[0]


@pytest.fixture(scope="module")
def containers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {label: each["container"] for label, each in spec["deploymentSpec"]["executors"].items()}


def check_golden(text: str, file: Path) -> None:
    if os.environ.get("RENEW_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert list(yaml.safe_load_all(text)) == list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def test_it_is_the_golden_file(compiled: str) -> None:
    """`RENEW_GOLDEN=1` writes the file anew; the difference is then read and committed."""
    check_golden(compiled, GOLDEN / "recommendation_pipeline.yaml")


def test_for_vertex_it_is_a_job(tmp_path: Path) -> None:
    text = without_digests(compiled_text(tmp_path, VERTEX, "job.json"))
    check_golden(text, GOLDEN / "recommendation_vertex.json")
    job = json.loads(text)
    json_format.ParseDict(job, specs.PipelineJob())
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://shop/pipeline/artifacts"
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    trainer = executors["RecommendationTrainer_executor"]["container"]
    assert trainer["resources"]["accelerator"] == {"type": "NVIDIA_L4", "count": "2"}
    assert trainer["command"][-1].startswith("tfx.")


def test_classification_compiles_too(tmp_path: Path) -> None:
    config = "tables: {texts: t.parquet}\ntext: {backbone: bert_tiny_en_uncased}\ntasks: {classification: {}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    root = spec["root"]
    assert set(CLASSIFICATION_NODES) <= set(root["dag"]["tasks"])
    asked = {"digest_texts", "last_blessed_classification", "steps_classification", "thresholds_classification"}
    assert asked <= set(root["inputDefinitions"]["parameters"])


def test_segmentation_compiles_too(tmp_path: Path) -> None:
    config = "tables: {events: e.parquet}\ntext: {backbone: bert_tiny_en_uncased}\ntasks: {segmentation: {}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    assert set(SEGMENTATION_NODES) <= set(spec["root"]["dag"]["tasks"])


def test_response_compiles_too(tmp_path: Path) -> None:
    config = "tables: {impressions: i.parquet, offers: o.csv}\ntext: off\ntasks: {response: {}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    assert set(RESPONSE_NODES) <= set(spec["root"]["dag"]["tasks"])


def test_demand_compiles_too(tmp_path: Path) -> None:
    tables = "{events: e.parquet, promotions: p.parquet, stock: s.parquet}"
    config = f"tables: {tables}\ntext: off\ntasks: {{demand: {{}}}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    assert set(DEMAND_NODES) <= set(spec["root"]["dag"]["tasks"])


def test_support_compiles_too(tmp_path: Path) -> None:
    tables = "{answers: a.csv, dialogues: d.jsonl, products: p.parquet}"
    config = f"tables: {tables}\ntext: {{backbone: bert_tiny_en_uncased}}\ntasks: {{support: {{}}}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    assert {"SupportTextVectors", *SUPPORT_NODES} <= set(spec["root"]["dag"]["tasks"])


def test_writing_compiles_too(tmp_path: Path) -> None:
    config = "tables: {products: p.parquet, answers: a.csv}\ntext: off\ntasks: {writing: {attributes: [colour]}}"
    spec, _ = yaml.safe_load_all(compiled_text(tmp_path, replace(OPTIONS, cpu=["2"]), "spec.yaml", config))
    json_format.ParseDict(spec, specs.PipelineSpec())
    assert set(WRITING_NODES) <= set(spec["root"]["dag"]["tasks"])


def test_it_is_one_bare_spec_of_the_schema_that_the_backend_takes(documents: list[dict[str, Any]]) -> None:
    spec, platforms = documents
    parsed = json_format.ParseDict(spec, specs.PipelineSpec())
    assert parsed.schema_version == "2.1.0"
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", parsed.pipeline_info.name)
    assert parsed.root.WhichOneof("implementation") == "dag"
    assert "runtimeConfig" not in spec
    assert set(platforms) == {"platforms"}
    assert set(platforms["platforms"]) == {"kubernetes"}


def test_every_step_is_a_container_without_driver_resolver_or_condition(spec: dict[str, Any]) -> None:
    executors = spec["deploymentSpec"]["executors"]
    for name, task in spec["root"]["dag"]["tasks"].items():
        assert task["taskInfo"]["name"] == name
        assert not {"triggerPolicy", "parameterIterator", "artifactIterator", "iteratorPolicy"} & set(task)
        component = spec["components"][task["componentRef"]["name"]]
        assert set(executors[component["executorLabel"]]) == {"container"}
    for executor in executors.values():
        assert executor["container"]["image"] == "example.test/shelfwise:1"
        assert set(executor["container"]) <= {"image", "command", "args", "resources"}
        assert executor["container"]["command"] == ["python", "-m", "tfx_pipeline.cluster.container_step"]


def test_nothing_in_an_argument_is_taken_for_a_placeholder(containers: dict[str, dict[str, Any]]) -> None:
    for container in containers.values():
        assert container["args"].count("{{$}}") == 1
        for argument in container["args"]:
            assert not PLACEHOLDER.search(argument)
            assert not argument.strip().startswith('{"IfPresent":')


def test_dependencies_are_tasks_of_the_same_spec(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    for task in tasks.values():
        assert set(task.get("dependentTasks", [])) < set(tasks)
        for source in task.get("inputs", {}).get("artifacts", {}).values():
            produced = source["taskOutputArtifact"]
            producer = spec["components"][tasks[produced["producerTask"]]["componentRef"]["name"]]
            assert produced["outputArtifactKey"] in producer["outputDefinitions"]["artifacts"]
    assert "ProductsDataGate" in tasks["ProductsTextVectors"]["dependentTasks"]


def test_every_parameter_has_a_type_and_a_value_of_it(spec: dict[str, Any]) -> None:
    # JSON has one kind of number: a whole one may be written with a point.
    kinds = {"STRING": str, "NUMBER_INTEGER": int | float, "NUMBER_DOUBLE": int | float}
    submitted = spec["root"]["inputDefinitions"]["parameters"]
    for task in spec["root"]["dag"]["tasks"].values():
        declared = spec["components"][task["componentRef"]["name"]].get("inputDefinitions", {}).get("parameters", {})
        given = task.get("inputs", {}).get("parameters", {})
        assert set(declared) == set(given)
        for name, value in given.items():
            if "componentInputParameter" in value:
                source = submitted[value["componentInputParameter"]]
                assert source["parameterType"] == declared[name]["parameterType"]
            else:
                assert isinstance(value["runtimeValue"]["constant"], kinds[declared[name]["parameterType"]])
    for parameter in submitted.values():
        if "defaultValue" in parameter:
            assert isinstance(parameter["defaultValue"], kinds[parameter["parameterType"]])


def test_what_a_submission_has_to_say(spec: dict[str, Any]) -> None:
    submitted = spec["root"]["inputDefinitions"]["parameters"]
    needed = {name for name, parameter in submitted.items() if "defaultValue" not in parameter}
    assert needed == {"data", "digest_events", "digest_products", "user_id_key"}
    defaults = {name: parameter["defaultValue"] for name, parameter in submitted.items() if name not in needed}
    assert defaults == {
        "serving_root": "/serving",
        "checkpoints": "gs://shop/pipeline/checkpoints",
        "forgotten": "",
        "last_blessed_recommendation": "",
        "steps_recommendation": 0,
        "thresholds_recommendation": "",
    }
    assert spec["defaultPipelineRoot"] == "gs://shop/pipeline"


def test_artifact_types_say_by_their_title_which_class_they_are(spec: dict[str, Any]) -> None:
    for component in spec["components"].values():
        for side in ("inputDefinitions", "outputDefinitions"):
            for artifact in component.get(side, {}).get("artifacts", {}).values():
                assert re.fullmatch(
                    r"(tfx|components)\.\w+", yaml.safe_load(artifact["artifactType"]["instanceSchema"])["title"]
                )


def test_resources_are_limits_of_steps(containers: dict[str, dict[str, Any]]) -> None:
    accelerated = {label for label, each in containers.items() if "accelerator" in each["resources"]}
    training = {"ProductsTextVectors", "RecommendationTrainer", "RecommendationRanker"}
    assert accelerated == {f"{step}_executor" for step in training}
    for label, container in containers.items():
        resources = container["resources"]
        assert resources["cpuLimit"] == (7.5 if label == "RecommendationTrainer_executor" else 2.0)
        # The backend writes it with a G behind it: a gigabyte of Kubernetes.
        assert resources["memoryLimit"] == 8 * 2**30 / 10**9
        if label in accelerated:
            assert resources["accelerator"] == {"type": "nvidia.com/gpu", "count": "1"}


def test_volumes_and_nodes_stand_in_the_second_document(documents: list[dict[str, Any]]) -> None:
    spec, platforms = documents
    executors = platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(executors) < set(spec["deploymentSpec"]["executors"])
    assert executors["RecommendationTrainer_executor"] == {"nodeSelector": {"labels": {"disk": "fast"}}}
    for step in ("RecommendationEvaluator", "RecommendationPusher"):
        (mount,) = executors[f"{step}_executor"]["pvcMount"]
        assert mount["mountPath"] == "/serving"
        assert mount["constant"] == mount["pvcNameParameter"]["runtimeValue"]["constant"] == "models"


def test_nothing_of_this_machine_is_in_it(compiled: str) -> None:
    assert str(Path(__file__).parent.parent.parent) not in compiled
    assert str(Path.home()) not in compiled


def test_without_a_ranker_the_towers_go_straight_into_the_index(tmp_path: Path) -> None:
    config = CONFIG.replace("{recommendation: {}}", "{recommendation: {ranker: off}}")
    text = compiled_text(tmp_path, OPTIONS, "spec.yaml", config)
    assert "RecommendationIndex" in text
    assert "RecommendationRanker" not in text


def test_search_compiles_with_parameters_of_its_own(tmp_path: Path) -> None:
    config = """
name: golden-search
tables: {products: gs://shop/products.parquet, judgements: judgements.jsonl}
text: {backbone: bert_tiny_en_uncased}
tasks: {search: {}}
"""
    options = CompileOptions(
        image="example.test/shelfwise:1", pipeline_root="gs://shop/pipeline", accelerator=["nvidia.com/gpu:1"]
    )
    (spec,) = yaml.safe_load_all(compiled_text(tmp_path, options, "spec.yaml", config))
    submitted = spec["root"]["inputDefinitions"]["parameters"]
    assert set(submitted) == {
        "checkpoints",
        "data",
        "digest_judgements",
        "digest_products",
        "last_blessed_search",
        "serving_root",
        "steps_search",
        "thresholds_search",
        "user_id_key",
    }
    defaults = {name: submitted[f"{name}_search"]["defaultValue"] for name in ("last_blessed", "steps", "thresholds")}
    assert defaults == {"last_blessed": "", "steps": 0, "thresholds": ""}
    tasks = spec["root"]["dag"]["tasks"]
    given = tasks["SearchEvaluator"]["inputs"]["parameters"]
    assert given["last_blessed"] == {"componentInputParameter": "last_blessed_search"}
    assert given["thresholds"] == {"componentInputParameter": "thresholds_search"}
    assert tasks["SearchTrainer"]["inputs"]["parameters"]["steps"] == {"componentInputParameter": "steps_search"}
    digest = tasks["JudgementsExampleGen"]["inputs"]["parameters"]["digest"]
    assert digest == {"componentInputParameter": "digest_judgements"}
    assert {"JudgementsDataGate", "ProductsDataGate"} < set(tasks["SearchExamples"]["dependentTasks"])
    assert "ProductsTransform" not in tasks
    executors = spec["deploymentSpec"]["executors"]
    accelerated = {
        label for label, each in executors.items() if "accelerator" in each["container"].get("resources", {})
    }
    assert {"ProductsTextVectors_executor", "SearchTrainer_executor"} <= accelerated


def test_only_the_pusher_is_never_taken_from_the_cache(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    assert {name for name, task in tasks.items() if not task["cachingOptions"].get("enableCache")} == {
        "RecommendationPusher"
    }


def test_a_remote_beam_runner_opens_the_uris_itself(tmp_path: Path) -> None:
    options = CompileOptions(image="example.test/shelfwise:1", pipeline_root="gs://shop/pipeline")
    beam = "beam: {runner: flink, master: 'flink:8081', environment: external, environment_config: 'pool:50000'}\n"
    (spec,) = yaml.safe_load_all(compiled_text(tmp_path, options, "spec.yaml", CONFIG + beam))
    for executor in spec["deploymentSpec"]["executors"].values():
        assert executor["container"]["command"][-2:] == ["tfx_pipeline.cluster.container_step", "--keep_uris"]
        assert "--runner=FlinkRunner" in executor["container"]["args"]
        assert "--flink_master=flink:8081" in executor["container"]["args"]
