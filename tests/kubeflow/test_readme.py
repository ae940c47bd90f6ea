"""The requests that the README shows are requests that the served model takes."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import predict_pb2

from tests.kubeflow.command_line import parsed
from tests.kubeflow.manifests import FOLDER, MODEL, documents
from tfx_pipeline.cluster.parameters import submission_inputs
from tfx_pipeline.config.config import Config

README = (FOLDER / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def arguments_of(program: str, folder: Path) -> list[str]:
    """Runs the one block that starts with `program` by a shell that finds a stand-in, and returns what it was given."""
    (block,) = [block for block in BLOCKS if block.startswith(f"{program} ")]
    stand_in = folder / program
    stand_in.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n', "utf-8")
    stand_in.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", block], env={"PATH": path}, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def test_grpcurl_sends_a_whole_request(tmp_path: Path) -> None:
    *options, address, method = arguments_of("grpcurl", tmp_path)
    request = json_format.Parse(options[options.index("-d") + 1], predict_pb2.PredictRequest())
    expected = predict_pb2.PredictRequest()
    expected.model_spec.name = MODEL
    expected.model_spec.signature_name = "similar_products"
    inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
    assert request.model_spec == expected.model_spec
    assert inputs.keys() == {"product_id", "k"}
    assert inputs["product_id"].tolist() == [b"A1"]
    assert inputs["k"].tolist() == [5]
    assert inputs["k"].dtype == np.int32
    assert (address, method) == ("localhost:8500", "tensorflow.serving.PredictionService/Predict")


def test_curl_sends_one_row_of_the_signature(tmp_path: Path) -> None:
    *options, url = arguments_of("curl", tmp_path)
    assert json.loads(options[options.index("--data") + 1]) == {
        "signature_name": "similar_products",
        "instances": [{"product_id": "A1", "k": 5}],
    }
    assert url == f"http://localhost:8501/v1/models/{MODEL}:predict"


def test_calls_of_shelfwise_are_calls_that_it_takes() -> None:
    joined = "".join(BLOCKS).replace("\\\n", " ")
    calls = [shlex.split(line) for line in joined.splitlines() if line.startswith(".venv/bin/shelfwise ")]
    assert {words[1] for words in calls} == {"compile", "submit", "run-spec", "recommend"}
    for words in calls:
        parsed(words[1:])


def test_options_and_parameters_that_it_lists_are_there() -> None:
    compiled = parsed(["compile", "--config", "c", "--image", "i", "--pipeline-root", "r", "--out", "o"])
    listed = re.findall(r"^\| `(--[\w-]+)", README, re.MULTILINE)
    assert listed
    assert {name.removeprefix("--").replace("-", "_") for name in listed} <= compiled.keys()
    config = Config.model_validate({"tables": {"events": "e.csv"}, "text": False, "tasks": {"recommendation": {}}})
    inputs = submission_inputs(config, "gs://bucket/root/serving")
    values = [inputs.data, inputs.serving_root, inputs.checkpoints, inputs.user_id_key, inputs.forgotten]
    for by_name in (inputs.table_digests, inputs.last_blessed, inputs.steps, inputs.thresholds):
        values += by_name.values()
    names = {value.name.replace("events", "TABLE").replace("recommendation", "TASK") for value in values}
    assert {
        name for name in re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) if name.islower() or "_" in name
    } == names


def test_files_and_objects_that_it_names_are_there() -> None:
    for name in re.findall(r"kubeflow/([\w.-]+)", README):
        assert (FOLDER / name).exists(), name
    objects = {
        f"{kind.lower()}/{document['metadata']['name']}"
        for manifest in ("tf-serving.yaml", "kserve.yaml")
        for kind, document in documents(manifest).items()
    }
    # KServe makes these from the InferenceService.
    made = {"service/recommendation-predictor", "deployment/recommendation-predictor", "service/ml-pipeline-ui"}
    named = set(re.findall(r"\b((?:service|deployment|inferenceservice)/[\w-]+)", README))
    assert named <= objects | made


def test_shell_blocks_are_shell() -> None:
    for block in BLOCKS:
        subprocess.run(["sh", "-n"], input=block, text=True, check=True, capture_output=True)
