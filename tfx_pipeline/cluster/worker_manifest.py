"""A training step as a job of several pods: the JobSet that the step makes, as it stands in the compiled pipeline.

Kubeflow Trainer 2 runs JobSets, and has no TFJob any more (Kubeflow Trainer 2.2, JobSet 0.10).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.orchestration.pipeline import Pipeline

from components.model_trainer import ModelTrainer
from tfx_pipeline.cluster.container_step import KEEP_URIS_FLAG
from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.cluster.resources import by_node, labels_of
from tfx_pipeline.cluster.worker_job import MANIFEST_FLAG, PORT, WORKERS_FLAG
from tfx_pipeline.config.yaml_file import ConfigError

_WORKER_JOB = ("python", "-m", "tfx_pipeline.cluster.worker_job")
_MOST_WORKERS = 1_000


def workers_of_steps(pipeline: Pipeline, options: CompileOptions) -> dict[str, int]:
    """Returns how many workers each training step has that has more than one, by the step's name.

    Raises:
        ConfigError: A step is not known or trains nothing, a number is none, or workers would see no artifacts.
    """
    trainers = [node.id for node in pipeline.components if isinstance(node, ModelTrainer)]
    # The ranker is trained on some thousand baskets.
    usual = [name for name in trainers if name.endswith("Trainer")]
    found = {}
    for name, text in by_node("--workers", options.workers, trainers, usual).items():
        if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
            raise ConfigError(f"--workers {text}: expected a number from 1 to {_MOST_WORKERS:,}")
        if int(text) > 1:
            found[name] = int(text)
    if found and options.vertex:
        raise ConfigError("--workers: a training step of Vertex AI is one container; leave --workers or --vertex out")
    if found and not options.pipeline_root.startswith("gs://"):
        raise ConfigError(
            f"--workers: the pods of a job would not see the copies of artifacts that the launcher makes of "
            f"{options.pipeline_root} for the step; give a --pipeline-root gs://…"
        )
    return found


def as_worker_job(
    container: dict[str, Any], step: str, workers: int, command: Sequence[str], options: CompileOptions
) -> None:
    """Makes of a step's container one that starts a job of workers and waits for it.

    The step's resources become those of each worker: the container itself does next to nothing.

    Args:
        container: The container in the specification.
        step: Name of the step.
        workers: Pods of the job.
        command: What each worker runs, before the step's own arguments.
        options: What the cluster is asked for.
    """
    resources = container.pop("resources", {})
    worker = [*command, *([] if KEEP_URIS_FLAG in command else [KEEP_URIS_FLAG])]
    manifest = json.dumps(worker_manifest(step, workers, resources, options), sort_keys=True)
    container["command"] = [*_WORKER_JOB, f"{WORKERS_FLAG}={workers}", f"{MANIFEST_FLAG}={manifest}", "--", *worker]


def worker_manifest(step: str, workers: int, resources: Mapping[str, Any], options: CompileOptions) -> dict[str, Any]:
    """Returns the JobSet of a step, which lacks the name and the command that a run gives it.

    If a worker fails, all are begun again, since none can go on without it; they do so from the last checkpoint.

    Args:
        step: Name of the step.
        workers: Pods.
        resources: Those of each, as a PipelineSpec has them.
        options: What the cluster is asked for.
    """
    labels = {"app.kubernetes.io/name": step.lower(), "app.kubernetes.io/part-of": "shelfwise"}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "containers": [
            {
                "name": "worker",
                "image": options.image,
                "ports": [{"containerPort": PORT}],
                "resources": {"limits": _limits(resources)} if resources else {},
            }
        ],
    }
    selected = labels_of(options.node_selector)
    if selected and ("accelerator" in resources or not options.accelerator):
        pod["nodeSelector"] = selected
    job = {
        "completionMode": "Indexed",
        "parallelism": workers,
        "completions": workers,
        "backoffLimit": 0,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"labels": labels},
        "spec": {
            "failurePolicy": {"maxRestarts": 3},
            "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
            "replicatedJobs": [{"name": "workers", "replicas": 1, "template": {"spec": job}}],
        },
    }


def _limits(resources: Mapping[str, Any]) -> dict[str, str]:
    limits = {}
    if "cpuLimit" in resources:
        limits["cpu"] = f"{float(resources['cpuLimit']):g}"
    if "memoryLimit" in resources:
        limits["memory"] = f"{round(float(resources['memoryLimit']) * 10**9)}"
    if "accelerator" in resources:
        limits[resources["accelerator"]["type"]] = str(resources["accelerator"]["count"])
    return limits
