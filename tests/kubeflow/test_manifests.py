"""The manifests are what Kubernetes takes, and their parts fit together."""

import copy
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.kubeflow.manifests import FOLDER, MODEL, VERSIONS, documents, server_container
from tfx_pipeline.cluster.options import CompileOptions

TF_SERVING = documents("tf-serving.yaml")
KSERVE = documents("kserve.yaml")
TRAINING_JOBS = documents("training-jobs.yaml")
BUILT_IN = [*TF_SERVING.values(), KSERVE["ConfigMap"], *TRAINING_JOBS.values()]
POD = TF_SERVING["Deployment"]["spec"]["template"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", BUILT_IN, ids=lambda document: document["kind"])
def test_document_is_valid(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_schemas_refuse_a_misspelt_field() -> None:
    broken = copy.deepcopy(TF_SERVING["Deployment"])
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_every_selector_is_the_pods_and_nobody_elses() -> None:
    selectors = [
        TF_SERVING["Deployment"]["spec"]["selector"]["matchLabels"],
        TF_SERVING["Service"]["spec"]["selector"],
        TF_SERVING["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        TF_SERVING["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in POD["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector == selectors[0] for selector in selectors)
    assert selectors[0].items() <= POD["metadata"]["labels"].items()
    # Pods of KServe are part of Shelfwise too, but must not get this Service's requests.
    assert not selectors[0].items() <= KSERVE["InferenceService"]["metadata"]["labels"].items()


def test_every_reference_has_its_object() -> None:
    spec = POD["spec"]
    deployment = TF_SERVING["Deployment"]
    assert spec["serviceAccountName"] == TF_SERVING["ServiceAccount"]["metadata"]["name"]
    target = TF_SERVING["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target == {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": deployment["metadata"]["name"],
    }
    for found, volumes in ((TF_SERVING, spec["volumes"]), (KSERVE, KSERVE["ServingRuntime"]["spec"]["volumes"])):
        (name,) = [volume["configMap"]["name"] for volume in volumes if "configMap" in volume]
        assert name == found["ConfigMap"]["metadata"]["name"]
    for name, volumes in (
        ("tf-serving.yaml", spec["volumes"]),
        ("kserve.yaml", KSERVE["ServingRuntime"]["spec"]["volumes"]),
    ):
        mounts = server_container(name)["volumeMounts"]
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in volumes}


def test_service_policy_and_probes_name_ports_of_the_container() -> None:
    container = server_container("tf-serving.yaml")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["targetPort"]: port["port"] for port in TF_SERVING["Service"]["spec"]["ports"]} == ports
    opened = {port["port"] for rule in TF_SERVING["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"]}
    assert opened == set(ports)
    assert container["livenessProbe"]["grpc"]["port"] == ports["grpc"]
    assert container["readinessProbe"]["httpGet"]["port"] == "rest"
    assert POD["metadata"]["annotations"]["prometheus.io/port"] == str(ports["rest"])


def test_autoscaler_alone_sets_the_number_of_pods() -> None:
    assert "replicas" not in TF_SERVING["Deployment"]["spec"]
    autoscaler = TF_SERVING["HorizontalPodAutoscaler"]["spec"]
    # With one pod the disruption budget would allow no pod at all to stay.
    assert autoscaler["minReplicas"] > TF_SERVING["PodDisruptionBudget"]["spec"]["maxUnavailable"]
    # A share of the CPU is counted from the request.
    assert "cpu" in server_container("tf-serving.yaml")["resources"]["requests"]


def test_policy_lets_in_labelled_clients_only() -> None:
    policy = TF_SERVING["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    clients, monitoring = policy["ingress"]
    # Without a namespaceSelector: pods of the same namespace.
    assert clients["from"] == [{"podSelector": {"matchLabels": {"shelfwise-client": "true"}}}]
    assert [port["port"] for port in monitoring["ports"]] == ["rest"]
    assert all(rule["to"] and rule["ports"] for rule in policy["egress"])
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443, 80, 988}


@pytest.mark.parametrize("name", ["tf-serving.yaml", "kserve.yaml"])
def test_server_runs_with_the_least_rights(name: str) -> None:
    pod = POD["spec"].get("securityContext", {}) if name == "tf-serving.yaml" else {}
    security = {**pod, **server_container(name)["securityContext"]}
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    if name == "tf-serving.yaml":
        assert POD["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("path", [FOLDER / "tf-serving.yaml", FOLDER / "kserve.yaml"], ids=lambda path: path.name)
def test_text_names_no_floating_tag_and_one_bucket(path: Any) -> None:
    text = path.read_text("utf-8")
    images = [line.split("image:")[1].strip() for line in text.splitlines() if line.strip().startswith("image:")]
    assert images == ["tensorflow/serving:2.20.0"]
    uris = [word.strip('"') for word in text.split() if "gs://" in word and MODEL in word]
    assert uris == [f"gs://bucket/root/serving/{MODEL}"]


def test_models_lie_where_the_pipeline_pushes_them() -> None:
    pushed = CompileOptions(image="shelfwise:1", pipeline_root="gs://bucket/root").where_to_serve()
    assert KSERVE["InferenceService"]["spec"]["predictor"]["model"]["storageUri"] == f"{pushed}/{MODEL}"
    assert KSERVE["InferenceService"]["metadata"]["name"] == MODEL


def test_manifests_use_no_yaml_aliases() -> None:
    for path in FOLDER.glob("*.yaml"):
        events = yaml.parse(path.read_text("utf-8"))
        assert not [event for event in events if isinstance(event, yaml.AliasEvent)]


def test_steps_may_do_with_jobs_what_they_do() -> None:
    role, binding = TRAINING_JOBS["Role"], TRAINING_JOBS["RoleBinding"]
    allowed = {rule["resources"][0]: set(rule["verbs"]) for rule in role["rules"]}
    assert allowed == {"jobsets": {"create", "get", "delete"}, "pods": {"get"}}
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
