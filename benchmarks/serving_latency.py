"""How long a recommendation takes by gRPC, beside the same signature called in process.

    python benchmarks/serving_latency.py --root runs/demo

Serves what a run pushed on a free loopback port and sends one request after another, each with a full history of
random products of the catalogue over the last year. Prints the percentiles of both and their ratio.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import tensorflow as tf
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.client import Shelfwise
from serving.graph.time_units import DAY_SECONDS
from serving.server.background import server_process
from tfx_pipeline.summary.file import summary_of_run

MODEL, SIGNATURE = "recommendation", "serving_default"
YEAR_SECONDS = 365.0 * DAY_SECONDS
WARM_UP_REQUESTS = 20


def main(
    root: Annotated[Path, typer.Option(help="Root of a run that pushed a model.")] = Path("runs/demo"),
    requests: Annotated[int, typer.Option(help="Requests to time.")] = 300,
    seed: int = 0,
) -> None:
    """Times requests and prints the percentiles."""
    folder = summary_of_run(root).tasks[MODEL].pushed
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures[SIGNATURE]
    width = signature.structured_input_signature[1]["history_ids"].shape[1]
    histories = random_histories(product_ids(loaded), width, requests + WARM_UP_REQUESTS, seed)
    with server_process("--models", str(root / "serving")) as server, Shelfwise(server.grpc) as client:
        by_grpc = milliseconds(lambda inputs: client.predict(MODEL, SIGNATURE, inputs), histories)
    in_process = milliseconds(
        lambda inputs: signature(**{name: tf.constant(value) for name, value in inputs.items()}), histories
    )
    print_machine("tensorflow")
    print(f"{requests} requests, one at a time, histories of {width} events")
    print("               p50       p95       p99  (ms)")
    for name, times in (("gRPC", by_grpc), ("in process", in_process)):
        print(f"{name:10}" + "".join(f"{value:10.2f}" for value in np.percentile(times, [50, 95, 99])))
    ratio = np.median(by_grpc) / np.median(in_process)
    print(f"gRPC / in process, p50: {ratio:.2f}")
    print_figures(
        {
            "ratio": ratio,
            "p50_ms": np.median(by_grpc),
            "p99_ms": np.percentile(by_grpc, 99),
            "in_process_p50_ms": np.median(in_process),
            "in_process_p99_ms": np.percentile(in_process, 99),
        }
    )


def product_ids(loaded: tf.Module) -> np.ndarray:
    """Asks the model itself for ids: the popular products, as many as it knows."""
    filtered = loaded.signatures["filtered"]
    everything = {
        name: tf.zeros([1, *spec.shape[1:]], spec.dtype)
        if spec.dtype != tf.string
        else tf.fill([1, *spec.shape[1:]], "")
        for name, spec in filtered.structured_input_signature[1].items()
    }
    ids = filtered(**{**everything, "k": tf.constant([1_000_000])})["product_ids"].numpy()[0]
    return ids[ids != b""]


def random_histories(ids: np.ndarray, width: int, count: int, seed: int) -> list[dict[str, np.ndarray]]:
    """Makes requests with full histories, oldest event first."""
    random = np.random.default_rng(seed)
    return [
        {
            "history_ids": random.choice(ids, (1, width)),
            "history_types": np.full((1, width), b"purchase", dtype=object),
            "history_age_seconds": -np.sort(-random.uniform(0.0, YEAR_SECONDS, (1, width))).astype(np.float32),
        }
        for _ in range(count)
    ]


def milliseconds(call: Callable[[dict[str, np.ndarray]], object], histories: list[dict[str, np.ndarray]]) -> np.ndarray:
    """Times one call a history; the first ones only warm up."""
    times = []
    for inputs in histories:
        started = time.perf_counter()
        call(inputs)
        times.append((time.perf_counter() - started) * 1e3)
    return np.array(times[WARM_UP_REQUESTS:])


if __name__ == "__main__":
    typer.run(main)
