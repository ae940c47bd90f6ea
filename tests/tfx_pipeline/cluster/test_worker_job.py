"""A training step as a job of several pods: what is written of it, and how it runs where there is no cluster."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kfp.pipeline_spec import pipeline_spec_pb2 as specs

from tests.kubeflow.manifests import VERSIONS
from tests.tfx_pipeline.test_kubeflow_runner import CONFIG, compiled_text
from tests.trainer.recommendation.tiny_shop import write_tiny_shop
from tfx_pipeline.cluster import step
from tfx_pipeline.cluster.compiled_pipeline import read_compiled
from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.cluster.step import StepOutcome
from tfx_pipeline.cluster.worker_job import job_of_run, pod_addresses, run_here, terminal_state, tf_config
from tfx_pipeline.config.yaml_file import ConfigError
from trainer.recommendation.training import train
from trainer.workers.worker_group import read_tf_config

ROOT = Path(__file__).parents[3]
GOOD: dict[str, Any] = {"image": "example.test/shelfwise:1", "pipeline_root": "gs://shop/pipeline"}


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    options = CompileOptions(**GOOD, workers=["2"], cpu=["4"], accelerator=["nvidia.com/gpu:1"])
    (spec,) = yaml.safe_load_all(compiled_text(tmp_path_factory.mktemp("compiled"), options, "spec.yaml"))
    return {name: each["container"] for name, each in spec["deploymentSpec"]["executors"].items()}


def manifest_of(container: dict[str, Any]) -> dict[str, Any]:
    (flag,) = [part for part in container["command"] if part.startswith("--manifest=")]
    return json.loads(flag.removeprefix("--manifest="))


def test_the_training_step_is_a_job_of_two_pods_with_its_resources(containers: dict[str, Any]) -> None:
    jobs = {name for name, each in containers.items() if "tfx_pipeline.cluster.worker_job" in each["command"]}
    assert jobs == {"RecommendationTrainer_executor"}
    trainer = containers["RecommendationTrainer_executor"]
    place = trainer["command"].index("--")
    assert trainer["command"][3] == "--workers=2"
    assert trainer["command"][place + 1 :] == ["python", "-m", "tfx_pipeline.cluster.container_step", "--keep_uris"]
    # The step's pod waits; the accelerators are the workers'.
    assert "resources" not in trainer
    manifest = manifest_of(trainer)
    assert (manifest["apiVersion"], manifest["kind"]) == ("jobset.x-k8s.io/v1alpha2", "JobSet")
    (replicated,) = manifest["spec"]["replicatedJobs"]
    job = replicated["template"]["spec"]
    assert (job["parallelism"], job["completions"], job["completionMode"]) == (2, 2, "Indexed")
    (container,) = job["template"]["spec"]["containers"]
    assert container["image"] == GOOD["image"]
    assert container["resources"]["limits"] == {"cpu": "4", "nvidia.com/gpu": "1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_its_pods_are_such_as_kubernetes_takes(containers: dict[str, Any], version: str) -> None:
    pod = SimpleNamespace(
        metadata=SimpleNamespace(name="step-1", uid="a-b"), spec=SimpleNamespace(service_account_name="runner")
    )
    job = job_of_run(
        manifest_of(containers["RecommendationTrainer_executor"]), "shelfwise-1", ["python", "-m", "x"], pod
    )
    assert job["metadata"]["name"] == "shelfwise-1"
    assert job["metadata"]["ownerReferences"] == [{"apiVersion": "v1", "kind": "Pod", "name": "step-1", "uid": "a-b"}]
    # There is no schema of a JobSet here; what it makes are Jobs.
    template = job["spec"]["replicatedJobs"][0]["template"]
    plain = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "one"}, **template}
    kubernetes_validate.validate(plain, version, strict=True)
    assert template["spec"]["template"]["spec"]["serviceAccountName"] == "runner"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": ["none"]}, "--workers none: expected a number from 1"),
        ({"workers": ["0"]}, "--workers 0: expected a number from 1"),
        ({"workers": ["BasketRules=2"]}, "there is no step BasketRules; the steps are RecommendationTrainer"),
        ({"workers": ["2"], "vertex": True}, "a training step of Vertex AI is one container"),
        ({"workers": ["2"], "pipeline_root": "minio://a", "serving_claim": "b"}, "would not see the copies"),
    ],
)
def test_workers_that_cannot_be_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compiled_text(tmp_path, CompileOptions(**{**GOOD, **options}), "spec.yaml", CONFIG)


def test_pods_know_where_the_others_are() -> None:
    addresses = pod_addresses("shelfwise-1", 2)
    assert addresses == [f"shelfwise-1-workers-0-{place}.shelfwise-1:2222" for place in range(2)]
    # One alone is no group: nobody has to be waited for.
    assert read_tf_config({"TF_CONFIG": tf_config(addresses[:1], 0)}).size == 1
    assert json.loads(tf_config(addresses, 1))["task"] == {"type": "worker", "index": 1}


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ([], ""),
        ([{"type": "StartupPolicyCompleted", "status": "True"}], ""),
        ([{"type": "Completed", "status": "False"}, {"type": "Failed", "status": "True"}], "Failed"),
        ([{"type": "Completed", "status": "True"}], "Completed"),
    ],
)
def test_the_end_of_a_job_is_read_from_its_conditions(conditions: list[dict[str, str]], state: str) -> None:
    assert terminal_state({"status": {"conditions": conditions}}) == state
    assert terminal_state({}) == ""


WORKER = """
import json, os, pathlib, sys
place = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
told = json.loads(sys.argv[2])
path = pathlib.Path(told["outputs"]["outputFile"])
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(str(place))
tries = pathlib.Path(sys.argv[3], f"tries {place}")
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
{end}
"""


def run_workers(folder: Path, end: str, restarts: int) -> int:
    told = json.dumps({"outputs": {"outputFile": str(folder / "output.json")}})
    program = WORKER.replace("{end}", end)
    # The flag stands where a step's arguments have it.
    command = [sys.executable, "-c", program, "--json_serialized_invocation_args", told, str(folder)]
    return run_here(2, command, restarts)


def test_here_each_worker_is_a_process_and_the_chief_says_what_was_made(tmp_path: Path) -> None:
    assert run_workers(tmp_path, "", 0) == 0
    assert (tmp_path / "output.json").read_text() == "0"
    assert {path.name for path in tmp_path.iterdir()} == {"output.json", "tries 0", "tries 1"}


def test_where_one_fails_all_are_begun_again_unless_the_input_is_bad(tmp_path: Path) -> None:
    at_first = "sys.exit(1 if place == 1 and tries.read_text() == 'x' else 0)"
    assert run_workers(tmp_path, at_first, 2) == 0
    assert (tmp_path / "tries 1").read_text() == "xx"
    for folder, status, restarts, tries in (("bad", 2, 3, "x"), ("broken", 7, 1, "xx")):
        (tmp_path / folder).mkdir()
        found = run_workers(tmp_path / folder, f"sys.exit({status} if place else 0)", restarts)
        assert found == (2 if status == 2 else 1)
        assert (tmp_path / folder / "tries 1").read_text() == tries


def test_a_pod_of_the_job_becomes_the_command(tmp_path: Path) -> None:
    program = "import os; print(os.environ['TF_CONFIG'])"
    command = [sys.executable, "-m", "tfx_pipeline.cluster.worker_job", "--workers=2", "--manifest={}", "--"]
    environment = {**os.environ, "JOB_COMPLETION_INDEX": "1", "SHELFWISE_JOB": "a", "KUBERNETES_SERVICE_HOST": "b"}
    done = subprocess.run(
        [*command, sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == tf_config(pod_addresses("a", 2), 1)
    del tmp_path


SHOP = """
name: golden-shop
tables: {events: events.jsonl, products: products.jsonl}
text: off
tasks:
  recommendation:
    event_types: {view: 1.0, purchase: 1.0}
    towers: {dimensions: 16, layers: 1, heads: 2, dropout: 0.0, history: 12}
    training: {batch_size: 16, max_epochs: 2, learning_rate: 0.01}
"""


@pytest.mark.long
def test_the_step_of_a_specification_trains_with_two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = write_tiny_shop(tmp_path / "shop")
    (tmp_path / "compiled").mkdir()
    compiled_text(tmp_path / "compiled", CompileOptions(**GOOD, workers=["2"]), "spec.yaml", SHOP)
    compiled = read_compiled(tmp_path / "compiled" / "spec.yaml")
    given = dict.fromkeys(("data", "digest_events", "digest_products", "user_id_key"), "any")
    parameters = compiled.complete({**given, "checkpoints": str(tmp_path / "checkpoints")})
    uris = {"examples": shop.examples, "catalogue": shop.catalogue, "transformed_products": shop.transformed}
    done: dict[str, StepOutcome] = {}
    for name, value in compiled.tasks["RecommendationTrainer"].inputs.artifacts.items():
        source = value.task_output_artifact
        made = specs.ArtifactList()
        artifact = made.artifacts.add(name=name, uri=str(uris[name]))
        outputs = compiled.component(source.producer_task).output_definitions.artifacts
        artifact.type.CopyFrom(outputs[source.output_artifact_key].artifact_type)
        before = done.get(source.producer_task, StepOutcome(artifacts={}, cached=False))
        artifacts = {**before.artifacts, source.output_artifact_key: made}
        done[source.producer_task] = StepOutcome(artifacts=artifacts, cached=False)
    bare = step._environment
    monkeypatch.setattr(step, "_environment", lambda home: {**bare(home), "PYTHONPATH": str(ROOT)})
    trainer = step.Step(compiled, "RecommendationTrainer", parameters, tmp_path / "root")
    model = trainer.run(done, lambda _: None).artifacts["model"].artifacts[0].uri
    summary = json.loads(Path(model, "training.json").read_text())
    assert summary["hardware"]["workers"] == 2
    # What one process comes to on the same batches.
    options = json.loads(compiled.constants("RecommendationTrainer")["options_json"])
    alone = train(shop.request(tmp_path / "alone", json.dumps(options), text=False)).summary
    assert summary["eval"] == pytest.approx(alone["eval"], rel=1e-3)
    assert not list((tmp_path / "checkpoints").rglob("*.checkpoint"))
