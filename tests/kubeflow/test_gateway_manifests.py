"""The manifests of the gateway and of its Redis are what Kubernetes takes, and fit the gateway and each other."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer

from tests.kubeflow.manifests import VERSIONS, documents, flags
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.config import read_config

GATEWAY, REDIS, TF_SERVING = (documents(name) for name in ("gateway.yaml", "redis.yaml", "tf-serving.yaml"))
POD = GATEWAY["Deployment"]["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", [*GATEWAY.values(), *REDIS.values()], ids=lambda document: document["kind"])
def test_document_is_valid(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_its_configuration_and_options_are_the_gateways(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GATEWAY["ConfigMap"]["data"]["shop.yaml"], encoding="utf-8")
    options = read_config(file).gateway
    redis, port = REDIS["Service"]["metadata"]["name"], REDIS["Service"]["spec"]["ports"][0]["port"]
    assert options.store == f"redis://{redis}:{port}/0"
    # Without keys it would not listen to others.
    assert options.keys
    given = flags(CONTAINER)
    known = {option for each in typer.main.get_command(app).commands["gateway"].params for option in each.opts}  # type: ignore[attr-defined]
    assert {f"--{name}" for name in given} <= known
    serving = TF_SERVING["Service"]
    ports = {each["name"]: each["port"] for each in serving["spec"]["ports"]}
    assert given["models"] == f"{serving['metadata']['name']}:{ports['grpc']}"
    assert int(given["port"]) == CONTAINER["ports"][0]["containerPort"]


def test_each_may_reach_what_it_needs() -> None:
    labels = POD["metadata"]["labels"]
    (clients,) = TF_SERVING["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert clients["podSelector"]["matchLabels"].items() <= labels.items()
    (gateways,) = REDIS["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert gateways["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_redis_keeps_what_the_gateway_takes_to_be_kept() -> None:
    (container,) = REDIS["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    settings = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    assert (settings["--appendonly"], settings["--appendfsync"]) == ("yes", "always")
    assert settings["--maxmemory-policy"] == "noeviction"


def test_every_volume_is_there() -> None:
    assert {each["name"] for each in CONTAINER["volumeMounts"]} == {each["name"] for each in POD["spec"]["volumes"]}
    claims = [
        each["persistentVolumeClaim"]["claimName"] for each in POD["spec"]["volumes"] if "persistentVolumeClaim" in each
    ]
    assert claims == [GATEWAY["PersistentVolumeClaim"]["metadata"]["name"]]
