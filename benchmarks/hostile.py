"""What hostile clients do to others of the embedded server: its memory, others' latency, and who gets no answer.

    python benchmarks/hostile.py --root runs/demo

ROOT is a run that pushed a search model. One client searches all the time, before and during each attack: a huge k, a
huge dimension that one value fills, rows in gzip, numbers and levels that nothing holds, a configuration, connections
that stay or do not read, calls that never send their message. Attacks are of bounded rate and time, over loopback. The
client, the attackers and the server share the cores, so the rate is low: it is what one such request costs others.
"""

import functools
import gzip
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Annotated, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import tensorflow as tf
import typer
from tensorflow_serving.apis import model_management_pb2, predict_pb2, prediction_service_pb2_grpc

from benchmarks.command_line import SearchRoot
from benchmarks.figures import print_figures
from benchmarks.hostile_clients import (
    PREDICT,
    RELOAD,
    Message,
    half_send_calls,
    hold_connections,
    send_messages,
)
from benchmarks.machine import print_machine
from serving.model_names import SEARCH_MODEL
from serving.server.background import ServerProcess
from serving.server.ready_file import ServerAddresses
from serving.signature_names import FILTERED

MEGABYTE = 2**20
WARM_UP_SECONDS, TIMEOUT_SECONDS = 3.0, 20.0
HUGE_K, ROWS, HUGE_SIZE, EMPTY_ROWS = 1_000_000_000, 32, 16_000_000, 699_051
CONNECTIONS, DEAF_CONNECTIONS, PIPELINED, CALLS, DIGITS, LEVELS = 1100, 20, 50, 64, 400, 65
PATH = f"/v1/models/{SEARCH_MODEL}:predict"

# Given where the server is and how long, attacks it, and returns how many got no answer.
Attack = Callable[[ServerAddresses, float], int]


class Turn(NamedTuple):
    """What an attack did: others' p99 before and meanwhile in seconds, the memory gained, and who had no answer."""

    before: float
    meanwhile: float
    peak_bytes: int
    unanswered: int


def main(
    root: SearchRoot = Path("runs/demo"),
    seconds: Annotated[float, typer.Option(help="Time of each attack, and of the quiet before it.")] = 5.0,
    rate: Annotated[float, typer.Option(help="Hostile requests a second.")] = 10.0,
    rounds: Annotated[int, typer.Option(help="Turns of each attack; that in the middle counts.")] = 3,
    only: Annotated[str, typer.Option(help="The one attack to run; all if left out.")] = "",
    batching: Annotated[bool, typer.Option(help="Whether the server batches.")] = False,
) -> None:
    """Runs each attack in turn, and prints what became of the server and of the other client."""
    print_machine("tensorflow", "grpcio")
    options = ["--models", str(root / "serving"), "--rest_api_port", "0", "--disable_model_reload"]
    options += ["--enable_batching"] if batching else []
    turns: dict[str, list[Turn]] = {name: [] for name in attacks(rate) if only in ("", name)}
    with (
        tempfile.TemporaryDirectory() as scratch,
        multiprocessing.get_context("spawn").Pool(1) as hostile,
    ):
        server = ServerProcess(*options, scratch=Path(scratch))
        with server as addresses:
            search_for(addresses.grpc, WARM_UP_SECONDS)
            for _ in range(rounds):
                for name in turns:
                    turns[name].append(turn(attacks(rate)[name], addresses, server.pid, seconds, hostile))
            log_bytes = len(server.log.encode())
    print(f"{rounds} turns of {seconds:g} s, {rate:g} requests a second; the log grew to {log_bytes} bytes")
    print(f"{'attack':34}{'p99 before':>11}{'meanwhile':>11}{'ratio':>8}{'MB more':>9}{'unanswered':>12}")
    ratios = {}
    for name, of_name in turns.items():
        ratios[name] = statistics.median(one.meanwhile / one.before for one in of_name)
        before, meanwhile = (statistics.median(times) * 1e3 for times in list(zip(*of_name, strict=True))[:2])
        peak, unanswered = max(one.peak_bytes for one in of_name) / MEGABYTE, sum(one.unanswered for one in of_name)
        print(f"{name:34}{before:9.1f}ms{meanwhile:9.1f}ms{ratios[name]:8.2f}{peak:9.0f}{unanswered:12}")
    everything = [one for of_name in turns.values() for one in of_name]
    print_figures(
        {
            "peak_mb": max(one.peak_bytes for one in everything) / MEGABYTE,
            "p99_ratio": max(ratios.values()),
            "unanswered": sum(one.unanswered for one in everything),
        }
    )


def turn(attack: Attack, addresses: ServerAddresses, pid: int, seconds: float, hostile: Pool) -> Turn:
    """Searches without and with an attack beside it, which is another process."""
    before, lost_before = search_for(addresses.grpc, seconds)
    reset_peak(pid)
    resident = memory_of(pid, "VmRSS")
    attacking = hostile.apply_async(attack, (addresses, seconds))
    meanwhile, lost = search_for(addresses.grpc, seconds)
    unanswered = attacking.get()
    peak = memory_of(pid, "VmHWM")
    return Turn(before, meanwhile, max(peak - resident, 0), unanswered + lost + lost_before)


def search_for(address: str, seconds: float) -> tuple[float, int]:
    """Searches one query after another; returns the 99th percentile of the seconds, and those without an answer."""
    request = predict_request({"query": np.array([b"whole milk"], object)})
    times, lost = [], 0
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        ends_at = time.monotonic() + seconds
        while (began := time.monotonic()) < ends_at:
            lost += stub.Predict.future(request, timeout=TIMEOUT_SECONDS).code() is not grpc.StatusCode.OK
            times.append(time.monotonic() - began)
    return float(np.percentile(times, 99)), lost


def attacks(rate: float) -> dict[str, Attack]:
    """Returns what is done to the server, by name; picklable, as another process does it."""
    huge_k = filtered_inputs(ROWS) | {"k": np.full(ROWS, HUGE_K, np.int32)}
    in_rows = {name: value.tolist() for name, value in huge_k.items()}
    columns = json.dumps({"signature_name": FILTERED, "inputs": in_rows}, default=bytes.decode)
    wide = predict_request(filtered_inputs(1), FILTERED)
    wide.inputs["exclude_ids"].tensor_shape.dim[1].size = HUGE_SIZE
    del wide.inputs["exclude_ids"].string_val[1:]
    number = json.dumps({"signature_name": FILTERED, "instances": [{"query": "a", "max_price": 0}]})
    digits = number.replace(": 0", ": " + "9" * DIGITS)
    nested = '{"instances": ' + "[" * LEVELS + '"a"' + "]" * LEVELS + "}"
    rows = gzip.compress(b'{"instances": [' + b"{}," * (EMPTY_ROWS - 1) + b"{}]}")
    no_models = model_management_pb2.ReloadConfigRequest()
    no_models.config.model_config_list.SetInParent()
    both = post(b"0\r\n\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", with_length=False)
    refused = post(b"", f"Content-Length: {2**40}\r\n", with_length=False)
    pipelined = f"GET /v1/models/{SEARCH_MODEL}/metadata HTTP/1.1\r\nHost: x\r\n\r\n".encode() * PIPELINED
    sent = {
        "k of a thousand million, gRPC": Message(predict_request(huge_k, FILTERED).SerializeToString(), PREDICT),
        "k of a thousand million, REST": Message(post(columns.encode())),
        "a dimension of 16 million": Message(wide.SerializeToString(), PREDICT),
        "699,051 rows in gzip": Message(post(rows, "Content-Encoding: gzip\r\n")),
        "400 digits": Message(post(digits.encode())),
        "65 levels": Message(post(nested.encode())),
        "both lengths": Message(both),
        "a configuration without models": Message(no_models.SerializeToString(), RELOAD),
    }
    return {name: functools.partial(_send, message, rate) for name, message in sent.items()} | {
        "1,100 connections that stay": functools.partial(_hold, refused, CONNECTIONS, True),
        "20 connections that never read": functools.partial(_hold, pipelined, DEAF_CONNECTIONS, False),
        "64 calls without their message": _half_send,
    }


def _send(message: Message, rate: float, addresses: ServerAddresses, seconds: float) -> int:
    return send_messages(addresses.grpc, str(addresses.rest), [message], seconds, rate)


def _hold(sent: bytes, count: int, reading: bool, addresses: ServerAddresses, seconds: float) -> int:
    return hold_connections(str(addresses.rest), sent, count, seconds, reading=reading)


def _half_send(addresses: ServerAddresses, seconds: float) -> int:
    return half_send_calls(addresses.grpc, CALLS, seconds)


def filtered_inputs(rows: int) -> dict[str, np.ndarray]:
    """Returns inputs of the signature `filtered` that let every product pass."""
    return {
        "query": np.full(rows, b"whole milk", object),
        "k": np.full(rows, 10, np.int32),
        "category": np.full(rows, b"", object),
        "max_price": np.zeros(rows, np.float32),
        "in_stock_only": np.zeros(rows, np.bool_),
        "exclude_ids": np.full((rows, 100), b"", object),
    }


def predict_request(inputs: Mapping[str, np.ndarray], signature: str = "") -> predict_pb2.PredictRequest:
    """Returns a request to the search model."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = SEARCH_MODEL, signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def post(body: bytes, headers: str = "", *, with_length: bool = True) -> bytes:
    """Returns a request of HTTP to the search model."""
    length = f"Content-Length: {len(body)}\r\n" if with_length else ""
    return f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n".encode() + body


def reset_peak(pid: int) -> None:
    """Has Linux count a process's peak of memory from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def memory_of(pid: int, field: str) -> int:
    """Returns bytes of memory that Linux says a process has: VmRSS now, VmHWM at the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    typer.run(main)
