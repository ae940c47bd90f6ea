"""Reads the deployment files, and what the tests of more than one of them need."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "kubeflow"
MODEL = "recommendation"
# Of Kubernetes: the oldest that the README names, and the newest that there is a schema of.
VERSIONS = ("1.27", kubernetes_validate.latest_version())
# What the flag parser of TensorFlow Serving 2.20.0 (model_servers/main.cc) knows; with another flag it does not start.
_FLAGS = """
allow_version_labels_for_unavailable_models batching_parameters_file enable_batching enable_grpc_healthcheck_service
enable_model_warmup enable_per_model_batching_parameters enable_profiler enable_serialization_as_tensor_content
enable_signature_method_name_check file_system_poll_wait_seconds flush_filesystem_caches grpc_channel_arguments
grpc_max_threads grpc_socket_path load_retry_interval_micros max_num_load_retries mixed_precision model_base_path
model_config_file model_config_file_poll_wait_seconds model_name monitoring_config_file num_load_threads
num_request_iterations_for_warmup num_tflite_interpreters_per_pool num_tflite_pools num_unload_threads
per_process_gpu_memory_fraction platform_config_file port prefer_tflite_model
remove_unused_fields_from_bundle_metagraph rest_api_enable_cors_support rest_api_num_threads rest_api_port
rest_api_timeout_in_ms saved_model_tags skip_initialize_tpu ssl_config_file tensorflow_inter_op_parallelism
tensorflow_intra_op_parallelism tensorflow_session_config_file tensorflow_session_parallelism
thread_pool_factory_config_file use_alts_credentials version xla_cpu_compilation_enabled xla_gpu_compilation_enabled
"""
SERVER_FLAGS = frozenset(_FLAGS.split())


def documents(name: str) -> dict[str, dict[str, Any]]:
    """Returns the documents of a manifest by their kind, of which each occurs once."""
    found = list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))
    by_kind = {document["kind"]: document for document in found}
    assert len(by_kind) == len(found)
    return by_kind


def server_container(name: str) -> dict[str, Any]:
    """Returns the container of the model server, in the Deployment or the ServingRuntime of a manifest."""
    found = documents(name)
    pod = found["Deployment"]["spec"]["template"]["spec"] if "Deployment" in found else found["ServingRuntime"]["spec"]
    (container,) = pod["containers"]
    return container


def flags(container: dict[str, Any]) -> dict[str, str]:
    """Returns the server's flags, `--name=value`, each given once."""
    pairs = [argument.removeprefix("--").partition("=") for argument in container["args"]]
    assert all(argument.startswith("--") for argument in container["args"])
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value for name, _, value in pairs}
