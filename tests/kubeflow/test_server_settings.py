"""The settings of the model server: its text files parse, and its threads, cores and time limits fit together."""

import re
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format, wrappers_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.model_names import RECOMMENDATION_MODEL
from tests.kubeflow.manifests import MODEL, SERVER_FLAGS, documents, flags, server_container

NAMES = ["tf-serving.yaml", "kserve.yaml"]
FIELD = descriptor_pb2.FieldDescriptorProto
WRAPPERS = {kind: f".google.protobuf.{kind}" for kind in ("Int64Value", "StringValue", "BoolValue")}


def protos() -> descriptor_pool.DescriptorPool:
    """Declares the messages that the Python package of TensorFlow Serving lacks, as its 2.20.0 declares them."""
    file = descriptor_pb2.FileDescriptorProto(name="settings.proto", package="tensorflow.serving", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    batching = file.message_type.add(name="BatchingParameters")
    for number, name, kind in (
        (1, "max_batch_size", "Int64Value"),
        (2, "batch_timeout_micros", "Int64Value"),
        (3, "max_enqueued_batches", "Int64Value"),
        (4, "num_batch_threads", "Int64Value"),
        (5, "thread_pool_name", "StringValue"),
        (8, "enable_large_batch_splitting", "BoolValue"),
        (9, "max_execution_batch_size", "Int64Value"),
    ):
        batching.field.add(
            name=name, number=number, type=FIELD.TYPE_MESSAGE, type_name=WRAPPERS[kind], label=FIELD.LABEL_OPTIONAL
        )
    batching.field.add(name="allowed_batch_sizes", number=6, type=FIELD.TYPE_INT64, label=FIELD.LABEL_REPEATED)
    batching.field.add(name="pad_variable_length_inputs", number=7, type=FIELD.TYPE_BOOL, label=FIELD.LABEL_OPTIONAL)
    prometheus = file.message_type.add(name="PrometheusConfig")
    prometheus.field.add(name="enable", number=1, type=FIELD.TYPE_BOOL, label=FIELD.LABEL_OPTIONAL)
    prometheus.field.add(name="path", number=2, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
    file.message_type.add(name="MonitoringConfig").field.add(
        name="prometheus_config",
        number=1,
        type=FIELD.TYPE_MESSAGE,
        type_name=".tensorflow.serving.PrometheusConfig",
        label=FIELD.LABEL_OPTIONAL,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return pool


POOL = protos()


def parsed(text: str, name: str) -> Any:
    empty: message.Message = message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"tensorflow.serving.{name}"))()
    return text_format.Parse(text, empty, descriptor_pool=POOL)


def settings(name: str, file: str) -> str:
    text: str = documents(name)["ConfigMap"]["data"][file]
    return text


def test_model_config_lists_models_below_one_folder() -> None:
    config = text_format.Parse(
        settings("tf-serving.yaml", "models.config"), model_server_config_pb2.ModelServerConfig()
    )
    models = {model.name: model for model in config.model_config_list.config}
    assert set(models) == {MODEL} == {RECOMMENDATION_MODEL}
    for name, model in models.items():
        assert model.base_path == f"gs://bucket/root/serving/{name}"
        assert model.model_platform == "tensorflow"
        assert model.model_version_policy.latest.num_versions == 1


@pytest.mark.parametrize("name", NAMES)
def test_flags_are_the_servers_and_files_are_mounted(name: str) -> None:
    container = server_container(name)
    given = flags(container)
    assert set(given) <= SERVER_FLAGS
    assert container["command"] == ["/usr/bin/tensorflow_model_server"]
    data = documents(name)["ConfigMap"]["data"]
    (mount,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "config"]
    files = {value for flag, value in given.items() if flag.endswith("_file")}
    assert files == {f"{mount}/{file}" for file in data}


@pytest.mark.parametrize("name", NAMES)
def test_ports_of_the_flags_are_those_of_the_container(name: str) -> None:
    container = server_container(name)
    given = flags(container)
    assert {int(given["port"]), int(given["rest_api_port"])} == {port["containerPort"] for port in container["ports"]}
    assert (given["port"], given["rest_api_port"]) == ("8500", "8501")


@pytest.mark.parametrize("name", NAMES)
def test_batches_fit_the_cores_and_the_threads_fit_the_batches(name: str) -> None:
    batching = parsed(settings(name, "batching.config"), "BatchingParameters")
    container = server_container(name)
    given = flags(container)
    cores = int(container["resources"]["limits"]["cpu"])
    assert batching.num_batch_threads.value == cores == int(given["tensorflow_session_parallelism"])
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes))
    # The server refuses to load a model otherwise.
    assert sizes[-1] == batching.max_batch_size.value
    held = batching.max_batch_size.value * (batching.num_batch_threads.value + batching.max_enqueued_batches.value)
    assert int(given["grpc_max_threads"]) == held
    # Histories are padded by the client: the server would pad with a product.
    assert not batching.pad_variable_length_inputs
    assert given["enable_batching"] == "true"


@pytest.mark.parametrize("name", NAMES)
def test_metrics_are_where_the_annotations_say(name: str) -> None:
    monitoring = parsed(settings(name, "monitoring.config"), "MonitoringConfig")
    assert monitoring.prometheus_config.enable
    if name == "kserve.yaml":
        annotations = documents(name)["ServingRuntime"]["spec"]["annotations"]
        assert annotations["prometheus.kserve.io/path"] == monitoring.prometheus_config.path
    else:
        annotations = documents(name)["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/path"] == monitoring.prometheus_config.path


def test_both_manifests_serve_alike() -> None:
    for file in ("batching.config", "monitoring.config"):
        assert settings(NAMES[0], file) == settings(NAMES[1], file)
    plain, kserve = (server_container(name) for name in NAMES)
    own = {"model_config_file", "model_config_file_poll_wait_seconds", "file_system_poll_wait_seconds"}
    shared = {flag: value for flag, value in flags(plain).items() if flag not in own}
    assert shared.items() <= flags(kserve).items()
    for field in ("image", "resources", "lifecycle", "livenessProbe", "volumeMounts"):
        assert plain[field] == kserve[field]


@pytest.mark.parametrize("name", NAMES)
def test_probes_ask_for_an_available_model_and_liveness_does_not(name: str) -> None:
    container = server_container(name)
    model = MODEL if name == "tf-serving.yaml" else "{{.Name}}"
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == f"/v1/models/{model}/metadata"
    # The server sets this service to SERVING, and knows it only if the health service is on.
    assert container["livenessProbe"]["grpc"]["service"] == "PredictionService"
    assert flags(container)["enable_grpc_healthcheck_service"] == "true"
    # A load that fails is tried five times more, a minute apart.
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] > 5 * 60


@pytest.mark.parametrize("name", NAMES)
def test_connections_end_before_the_pod_does(name: str) -> None:
    container = server_container(name)
    options = dict(option.split("=") for option in flags(container)["grpc_channel_arguments"].split(","))
    assert set(options) == {"grpc.max_connection_age_ms", "grpc.max_connection_age_grace_ms"}
    # gRPC makes the age up to a tenth longer, so that connections do not all end together.
    last_answer = 1.1 * int(options["grpc.max_connection_age_ms"]) + int(options["grpc.max_connection_age_grace_ms"])
    (seconds,) = re.findall(r"^\d+$", container["lifecycle"]["preStop"]["exec"]["command"][-1])
    found = documents(name)
    if name == "tf-serving.yaml":
        pod = found["Deployment"]["spec"]["template"]["spec"]
    else:
        pod = found["InferenceService"]["spec"]["predictor"]
    assert last_answer / 1000 < int(seconds) < pod["terminationGracePeriodSeconds"]
    assert pod["shareProcessNamespace"] is True
