"""Resources of each step: processors, memory, accelerators, and the nodes that have them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineDeploymentConfig
from kubernetes.utils.quantity import parse_quantity
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline

from components.model_trainer import ModelTrainer
from components.products.text_vectors import ProductTextVectors
from components.pushing.atomic_pusher import AtomicPusher
from components.response.texts.node import OfferTextVectors
from tfx_pipeline.cluster.options import SERVING_MOUNT, CompileOptions
from tfx_pipeline.config.yaml_file import ConfigError

ResourceSpec = PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec

_GIGABYTE = 10**9
_TPU = "google.com/tpu"
_TPU_LABELS = ("cloud.google.com/gke-tpu-accelerator", "cloud.google.com/gke-tpu-topology")
# Resource names of Kubernetes that TensorFlow has a device for.
_ACCELERATOR = re.compile(rf"nvidia\.com/(gpu|mig-\d+g\.\d+gb)|{re.escape(_TPU)}")
_LABEL = re.compile(r"[A-Za-z0-9]([\w./-]*[A-Za-z0-9])?")


def set_resources(pipeline: Pipeline, options: CompileOptions) -> None:
    """Writes the limits that `options` ask for into the nodes of a pipeline.

    Raises:
        ConfigError: A step, a quantity or an accelerator is not known.
    """
    nodes = {node.id: node for node in pipeline.components}
    encoding = ModelTrainer | ProductTextVectors | OfferTextVectors
    training = [node.id for node in pipeline.components if isinstance(node, encoding)]
    cpu = by_node("--cpu", options.cpu, nodes, list(nodes))
    memory = by_node("--memory", options.memory, nodes, list(nodes))
    accelerators = by_node("--accelerator", options.accelerator, nodes, training)
    for node_id in sorted({*cpu, *memory, *accelerators}):
        resources = ResourceSpec()
        if node_id in cpu:
            resources.cpu_limit = _quantity("--cpu", cpu[node_id])
        if node_id in memory:
            resources.memory_limit = _quantity("--memory", memory[node_id]) / _GIGABYTE
        if node_id in accelerators:
            kind, count = _accelerator(accelerators[node_id], options)
            resources.accelerator.type = kind
            resources.accelerator.count = count
        nodes[node_id].platform_config = resources


def platform_document(pipeline: Pipeline, options: CompileOptions) -> dict[str, Any] | None:
    """Returns the document beside the PipelineSpec that says what only Kubernetes knows, None where there is nothing.

    Raises:
        ConfigError: A node selector is not `label=value`.
    """
    executors: dict[str, dict[str, Any]] = {}
    labels = labels_of(options.node_selector)
    accelerated = [node.id for node in pipeline.components if _has_accelerator(node)]
    if labels:
        for node_id in accelerated or [node.id for node in pipeline.components]:
            executors.setdefault(f"{node_id}_executor", {})["nodeSelector"] = {"labels": dict(labels)}
    if options.serving_claim:
        # Evaluators read the last blessed model from where the pusher puts the next one.
        for node in pipeline.components:
            if isinstance(node, AtomicPusher) or "last_blessed" in node.exec_properties:
                executors.setdefault(f"{node.id}_executor", {})["pvcMount"] = [_claim(options.serving_claim)]
    if not executors:
        return None
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def _claim(name: str) -> dict[str, Any]:
    """Returns a mount as newer and as older backends read it."""
    return {
        "mountPath": SERVING_MOUNT,
        "pvcNameParameter": {"runtimeValue": {"constant": name}},
        "constant": name,
    }


def by_node(option: str, values: Sequence[str], nodes: Iterable[str], default: Sequence[str]) -> dict[str, str]:
    """Returns each step's value: `VALUE` spread over the default nodes, and then `STEP=VALUE` over its own.

    Raises:
        ConfigError: There is no such step.
    """
    for_all = [value for value in values if "=" not in value]
    chosen = {node_id: value for value in for_all for node_id in default}
    for value in values:
        node_id, separator, own = value.partition("=")
        if not separator:
            continue
        if node_id not in nodes:
            raise ConfigError(f"{option} {value}: there is no step {node_id}; the steps are {', '.join(nodes)}")
        chosen[node_id] = own
    return chosen


def _quantity(option: str, text: str) -> float:
    try:
        value = float(parse_quantity(text))
    except ValueError as error:
        raise ConfigError(f"{option} {text}: expected a quantity as Kubernetes writes it: 4, 500m, 16Gi") from error
    if not 0 < value < float("inf"):
        raise ConfigError(f"{option} {text}: expected more than nothing")
    return value


def _accelerator(text: str, options: CompileOptions) -> tuple[str, int]:
    kind, _, count = text.partition(":")
    if not re.fullmatch(r"[1-9]\d{0,3}", count or "1"):
        raise ConfigError(f"--accelerator {text}: expected TYPE:COUNT with a count of 1 or more")
    if options.vertex:
        _check_vertex_accelerator(kind)
    elif not _ACCELERATOR.fullmatch(kind):
        raise ConfigError(
            f"--accelerator {text}: expected nvidia.com/gpu, a slice of one such as nvidia.com/mig-1g.5gb, or {_TPU}, "
            "which is what TensorFlow has devices for"
        )
    elif kind == _TPU and not set(_TPU_LABELS) <= labels_of(options.node_selector).keys():
        raise ConfigError(
            f"--accelerator {text}: a node with TPUs is chosen by two labels; add "
            + " ".join(f"--node-selector {label}=VALUE" for label in _TPU_LABELS)
        )
    return kind, int(count or 1)


def _check_vertex_accelerator(kind: str) -> None:
    # Seconds to import, and only for Vertex AI.
    from google.cloud.aiplatform_v1.types import AcceleratorType

    known = [each.name for each in AcceleratorType if each.name.startswith("NVIDIA_")]
    if kind not in known:
        raise ConfigError(f"--accelerator {kind}: Vertex AI calls them {', '.join(known)}")


def labels_of(selectors: Sequence[str]) -> dict[str, str]:
    """Returns the labels of `label=value` texts.

    Raises:
        ConfigError: One is not of that form.
    """
    labels = {}
    for selector in selectors:
        name, separator, value = selector.partition("=")
        if not separator or not _LABEL.fullmatch(name) or not _LABEL.fullmatch(value):
            raise ConfigError(f"--node-selector {selector}: expected label=value")
        labels[name] = value
    return labels


def _has_accelerator(node: BaseNode) -> bool:
    return bool(node.platform_config and node.platform_config.accelerator.type)
