"""The suite against stock TF Serving, in the image that the documentation names."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.contracts.tf_serving.conftest import BATCHED_VARIABLE, GRPC_VARIABLE, REST_VARIABLE
from tests.contracts.tf_serving.models import BATCHING_FILE, CONFIG_FILE, MONITORING_FILE, write_models

IMAGE = "tensorflow/serving:2.20.0"
PROJECT = Path(__file__).resolve().parents[3]
MODELS = Path("/models")
START_SECONDS = 120.0


def why_no_docker() -> str:
    """Returns why docker cannot be used here; "" if it can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    done = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"docker does not run: {done.stderr.strip()}"


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def stock_server(models: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Runs TF Serving on a folder; yields its addresses for gRPC and REST."""
    name = f"shelfwise-{uuid.uuid4().hex[:12]}"
    ports = [part for port in ("8500", "8501") for part in ("--publish", f"127.0.0.1::{port}")]
    docker(
        *("run", "--detach", "--rm", "--name", name, *ports, "--mount"),
        f"type=bind,source={models},target={MODELS},readonly",
        *("--entrypoint", "/usr/bin/tensorflow_model_server", IMAGE),
        *("--port=8500", "--rest_api_port=8501", f"--model_config_file={MODELS / CONFIG_FILE}"),
        f"--monitoring_config_file={MODELS / MONITORING_FILE}",
        *("--allow_version_labels_for_unavailable_models=true", "--enable_grpc_healthcheck_service=true", *options),
    )
    try:
        grpc_address, rest_address = (docker("port", name, port).splitlines()[0] for port in ("8500", "8501"))
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(rest_address):
            assert time.monotonic() < deadline, docker("logs", name)
            time.sleep(0.2)
        yield grpc_address, rest_address
    finally:
        docker("rm", "--force", name)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v1/models/witness/metadata").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.docker
@pytest.mark.skipif(bool(why_no_docker()), reason=why_no_docker())
@pytest.mark.mirrors("all of them, in the server that they are from")
def test_stock_tf_serving_answers_the_same(tmp_path: Path) -> None:
    write_models(tmp_path, served_from=MODELS)
    batching = ("--enable_batching=true", f"--batching_parameters_file={MODELS / BATCHING_FILE}")
    with stock_server(tmp_path) as (grpc_address, rest_address), stock_server(tmp_path, *batching) as (batched, _):
        environment = {
            **os.environ,
            GRPC_VARIABLE: grpc_address,
            REST_VARIABLE: rest_address,
            BATCHED_VARIABLE: batched,
        }
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "0",
            "-m",
            "not docker and not long",
            str(Path(__file__).parent),
        ]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:]
