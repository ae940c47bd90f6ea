"""Requests a second that the embedded server answers with batching, beside the same server without.

    .venv/bin/python benchmarks/batching.py --model-folder runs/demo/serving/recommendation/VERSION

Client threads of this process send one request after another, each its signature's warm-up request or, with --texts,
the lines of a file in turn. Both servers run at once and take turns, so that what else runs on the machine slows both.
"""

import itertools
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import tensorflow as tf
import typer
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.graph.warm_up_file import WARM_UP_FILE
from serving.server.background import server_process

WARM_UP_SECONDS = 3.0
# Without it the first client to come back is computed alone, and the others wait for that.
BATCH_TIMEOUT_MICROS = 2000


def main(
    model_folder: Annotated[Path, typer.Option(help="A version: a SavedModel with a warm-up file.")],
    signature: Annotated[str, typer.Option(help="What is asked.")] = "serving_default",
    texts: Annotated[Path | None, typer.Option(help="A text a line, where the one input is a text.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Clients.")] = 16,
    seconds: Annotated[float, typer.Option(help="Length of a turn.")] = 8.0,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each server.")] = 5,
    batching_parameters_file: Annotated[
        Path | None, typer.Option(help="In place of batches of as many rows as clients.")
    ] = None,
) -> None:
    """Measures and prints requests a second, the median latency, and the ratio."""
    requests = sample_requests(model_folder, signature, texts)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        parameters = batching_parameters_file or write_parameters(folder, threads)
        batching = ["--enable-batching", "--batching-parameters-file", str(parameters)]
        models = folder / "models"
        shutil.copytree(model_folder, models / requests[0].model_spec.name / "1")
        served = ["--models", str(models)]
        addresses = {
            "alone": stack.enter_context(server_process(*served)).grpc,
            "batched": stack.enter_context(server_process(*served, *batching)).grpc,
        }
        for address in addresses.values():
            latencies(address, requests, threads, WARM_UP_SECONDS)
        rates: dict[str, list[float]] = {name: [] for name in addresses}
        medians: dict[str, list[float]] = {name: [] for name in addresses}
        for _ in range(rounds):
            for name, address in addresses.items():
                times = latencies(address, requests, threads, seconds)
                rates[name].append(len(times) / seconds)
                medians[name].append(statistics.median(times) * 1e3)
        print_machine("tensorflow")
        print(f"{threads} clients; " + " ".join(parameters.read_text(encoding="utf-8").split()))
    print("          requests/s      p50 (ms)")
    for name in addresses:
        print(f"{name:10}{statistics.median(rates[name]):10.1f}{statistics.median(medians[name]):14.1f}")
    ratios = [batched / alone for alone, batched in zip(rates["alone"], rates["batched"], strict=True)]
    print(
        f"batched / alone, requests/s: {statistics.median(ratios):.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f})"
    )
    print_figures(
        {
            "ratio": statistics.median(ratios),
            "batched_requests_per_second": statistics.median(rates["batched"]),
            "unbatched_requests_per_second": statistics.median(rates["alone"]),
            "batched_ms": statistics.median(medians["batched"]),
            "unbatched_ms": statistics.median(medians["alone"]),
        }
    )


def sample_requests(model_folder: Path, signature: str, texts: Path | None) -> list[predict_pb2.PredictRequest]:
    """Reads the warm-up requests of a signature; a file of texts gives the values of its one input instead."""
    requests = []
    for record in tf.data.TFRecordDataset(str(model_folder / WARM_UP_FILE)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        if (request.model_spec.signature_name or "serving_default") == signature:
            requests.append(request)
    if not requests:
        raise SystemExit(f"{model_folder / WARM_UP_FILE}: expected a request for {signature}, got none")
    if texts is None:
        return requests
    (name,) = requests[0].inputs
    made = []
    for line in filter(None, texts.read_text(encoding="utf-8").splitlines()):
        request = predict_pb2.PredictRequest(model_spec=requests[0].model_spec)
        request.inputs[name].CopyFrom(tf.make_tensor_proto(np.array([line.encode()], object)))
        made.append(request)
    return made


def write_parameters(folder: Path, threads: int) -> Path:
    """Writes parameters for clients that wait for their answers, and then ask again at about the same time."""
    path = folder / "batching_parameters.txt"
    path.write_text(
        f"max_batch_size {{ value: {threads} }}\nbatch_timeout_micros {{ value: {BATCH_TIMEOUT_MICROS} }}\n"
        f"num_batch_threads {{ value: {os.cpu_count()} }}\nmax_enqueued_batches {{ value: {threads} }}\n",
        encoding="utf-8",
    )
    return path


def latencies(
    address: str, requests: Sequence[predict_pb2.PredictRequest], threads: int, seconds: float
) -> list[float]:
    """Sends requests from `threads` threads for `seconds`, and returns how many seconds each took."""
    times: list[float] = []
    failures: list[grpc.RpcError] = []
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        end = time.monotonic() + seconds

        def send(offset: int) -> None:
            for request in itertools.islice(itertools.cycle(requests), offset, None):
                started = time.monotonic()
                if started > end:
                    return
                try:
                    stub.Predict(request, timeout=60)
                except grpc.RpcError as error:
                    failures.append(error)
                    return
                times.append(time.monotonic() - started)

        clients = [threading.Thread(target=send, args=(index * 7,)) for index in range(threads)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    if failures:
        raise SystemExit(f"{len(failures)} clients were refused: {failures[0].details()}")
    return times


if __name__ == "__main__":
    typer.run(main)
