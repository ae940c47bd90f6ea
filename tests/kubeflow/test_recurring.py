"""The job that starts the pipeline every night calls the command line that there is."""

import shlex
from typing import Any

import kubernetes_validate
import pytest

from tests.kubeflow.command_line import parsed
from tests.kubeflow.manifests import FOLDER, VERSIONS, documents
from tfx_pipeline.cluster.options import CompileOptions, check_options
from tfx_pipeline.cluster.parameters import USER_ID_KEY
from tfx_pipeline.config.config import Config

RECURRING = documents("recurring.yaml")
POD = RECURRING["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", RECURRING.values(), ids=lambda document: document["kind"])
def test_document_is_valid(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_it_calls_submit_as_it_is() -> None:
    program, command = CONTAINER["command"]
    assert program == "shelfwise"
    given = parsed([command, *CONTAINER["args"]])
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert str(given["spec"]) == f"{mounts['pipeline']}/pipeline.yaml"
    (name, _, value) = given["parameter"][0].partition("=")
    assert name == USER_ID_KEY
    assert value == f"$({CONTAINER['env'][0]['name']})"


def test_what_it_reads_is_what_the_readme_makes() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    made = [shlex.split(line) for line in readme.splitlines() if line.startswith("kubectl create ")]
    config_map = POD["volumes"][0]["configMap"]["name"]
    secret = CONTAINER["env"][0]["valueFrom"]["secretKeyRef"]
    assert any(words[2:4] == ["configmap", config_map] and "pipeline.yaml" in words for words in made)
    assert any(words[2:5] == ["secret", "generic", secret["name"]] and secret["key"] in words for words in made)


def test_its_image_is_one_that_compile_takes_and_it_has_the_least_rights() -> None:
    config = Config.model_validate({"tables": {"events": "e.csv"}, "text": False, "tasks": {"recommendation": {}}})
    check_options(CompileOptions(image=CONTAINER["image"], pipeline_root="gs://bucket/root"), config)
    security = {**POD["securityContext"], **CONTAINER["securityContext"]}
    assert security["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == {volume["name"] for volume in POD["volumes"]}
