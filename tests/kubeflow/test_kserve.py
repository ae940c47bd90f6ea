"""The KServe manifest: what Kubernetes' schemas do not know, by the fields that KServe documents."""

from typing import Any

import kubernetes_validate
import pytest

from tests.kubeflow.manifests import VERSIONS, documents, server_container

KSERVE = documents("kserve.yaml")


def as_pod(container: dict[str, Any], volumes: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns a Pod around a container, so that the schemas of Kubernetes can judge it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {"containers": [container], "volumes": volumes},
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_container_of_the_serving_runtime_is_valid(version: str) -> None:
    pod = as_pod(server_container("kserve.yaml"), KSERVE["ServingRuntime"]["spec"]["volumes"])
    kubernetes_validate.validate(pod, version, strict=True)


def test_custom_resources_have_the_fields_that_kserve_documents() -> None:
    runtime, service = KSERVE["ServingRuntime"], KSERVE["InferenceService"]
    assert runtime["apiVersion"] == "serving.kserve.io/v1alpha1"
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "Standard"}
    assert set(runtime["spec"]) == {"annotations", "supportedModelFormats", "protocolVersions", "volumes", "containers"}
    (format_,) = runtime["spec"]["supportedModelFormats"]
    predictor = service["spec"]["predictor"]
    assert set(predictor) == {
        *("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "model"),
        *("shareProcessNamespace", "terminationGracePeriodSeconds"),
    }
    model = predictor["model"]
    assert set(model) == {"runtime", "modelFormat", "protocolVersion", "storageUri"}
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"] == {"name": format_["name"], "version": format_["version"]}
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    container = server_container("kserve.yaml")
    # The name by which KServe knows the container of the model, and the folder into which it copies the model.
    assert container["name"] == "kserve-container"
    assert "--model_base_path=/mnt/models" in container["args"]
    assert "--model_name={{.Name}}" in container["args"]
    assert [port["name"] for port in container["ports"]] == ["http1", "h2c"]
