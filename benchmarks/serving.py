"""What the embedded server adds to a SavedModel: latency by gRPC and REST, throughput, and latency under half the load.

    python benchmarks/serving.py --root ROOT --queries FILE

ROOT is a run that pushed a search model, such as that of benchmarks/search_quality.py; FILE is a Parquet file with a
column query. Calls of the SavedModel in this process, which are the limit, take turns with a server without batching
and one with, each a process of its own, so that what else runs on the machine slows all. Client and servers share the
cores.
"""

import functools
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import psutil
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers the ops of the tokenizer.
import typer

from benchmarks.command_line import Queries, SearchRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.query_file import read_queries
from serving.model_names import SEARCH_MODEL
from serving.server.background import ServerProcess
from shelfwise_client.channel import PREDICT, Connection
from shelfwise_client.open_loop import Load, run_load
from shelfwise_client.protocol.messages import predict_request

SIGNATURE, INPUT = "serving_default", "query"
CONCURRENCIES = (1, 16, 64)
MANY = CONCURRENCIES[1]
BATCH_SIZES = (1, 4, 8, 16, 32, 64)
TIMEOUT_SECONDS = 120.0
WARM_UP_SECONDS = 2.0
# What a latency may be beside that of the call in process, a rate beside that of its best batch, and p99 beside p50.
MOST_ADDED_MS, LEAST_SHARE, MOST_SPREAD = 1.5, 0.85, 3.0
PARAMETERS = """max_batch_size {{ value: {rows} }}
batch_timeout_micros {{ value: {micros} }}
num_batch_threads {{ value: {threads} }}
max_enqueued_batches {{ value: 64 }}
"""

# Sends for some seconds with so many requests in flight (or rows in a batch), and returns the seconds that each took.
Side = Callable[[int, float], list[float]]


class Turn(NamedTuple):
    """What a turn took.

    Attributes:
        times: Seconds of each request.
        seconds: Those of the whole turn.
        processor_seconds: The processor's in the process that computed.
        asking_seconds: The processor's in this process.
    """

    times: list[float]
    seconds: float
    processor_seconds: float
    asking_seconds: float


MeasuredSide = Callable[[int, float], Turn]


def main(
    root: SearchRoot,
    queries: Queries,
    seconds: Annotated[float, typer.Option(help="Length of a turn.")] = 4.0,
    rounds: Annotated[int, typer.Option(help="Turns of each.")] = 5,
    load_seconds: Annotated[float, typer.Option(help="Length of the load at half the rate.")] = 20.0,
    batch_rows: Annotated[int, typer.Option(help="Most rows of a batch of the server.")] = 32,
    # The longest wait; a batch goes as soon as it has a thread's share of the rows that were awaited last.
    batch_micros: Annotated[int, typer.Option(help="How long a batch waits for more rows.")] = 20_000,
    batch_threads: Annotated[int, typer.Option(help="Batches that the server computes at once.")] = 2,
    intra_op: Annotated[int, typer.Option(help="Threads of an operation in the batching server; 0 has it choose.")] = 1,
) -> None:
    """Takes turns and prints what each side needs beside the calls in process."""
    folder = max((root / "serving" / SEARCH_MODEL).iterdir(), key=lambda version: int(version.name))
    texts = [text.encode() for text in read_queries(queries)]
    signature = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        parameters = Path(temporary) / "batching.txt"
        parameters.write_text(
            PARAMETERS.format(rows=batch_rows, micros=batch_micros, threads=batch_threads), encoding="utf-8"
        )
        batching = ["--enable-batching", "--batching-parameters-file", str(parameters)]
        batching += ["--tensorflow_intra_op_parallelism", str(intra_op)] if intra_op else []
        served = ["--model_name", SEARCH_MODEL, "--model_base_path", str(folder.parent), "--rest_api_port", "0"]
        plain, batched = (
            ServerProcess(*served, *more, scratch=Path(stack.enter_context(tempfile.TemporaryDirectory())))
            for more in ([], batching)
        )
        stack.enter_context(plain)
        stack.enter_context(batched)
        sides = {
            "gRPC": measured(psutil.Process(batched.pid), grpc_side(batched.addresses.grpc, texts)),
            "REST": measured(psutil.Process(batched.pid), rest_side(str(batched.addresses.rest), texts)),
            "gRPC, no batching": measured(psutil.Process(plain.pid), grpc_side(plain.addresses.grpc, texts)),
        }
        call = measured(psutil.Process(), lambda rows, most: call_times(signature, texts, rows, most))
        turns, calls = take_turns(sides, call, seconds, rounds)
        print_machine("tensorflow")
        print(" ".join(parameters.read_text(encoding="utf-8").split()))
        alone, rates = print_calls(calls)
        answered = print_sides(turns, alone, rates)
        rate = max(each for (name, _), each in answered.items() if name == "gRPC")
        requests = [predict_request(SEARCH_MODEL, SIGNATURE, {INPUT: np.array([text], object)}) for text in texts]
        connection = Connection(address=batched.addresses.grpc, timeout_seconds=TIMEOUT_SECONDS, retries=False)
        report = run_load(
            connection, requests, Load(rate=rate / 2, seconds=load_seconds, warm_up_seconds=WARM_UP_SECONDS)
        )
    found = report.percentiles()
    print(
        f"gRPC at half the highest rate, {rate / 2:.1f} a second from a schedule: p50 {found['p50']:.2f} ms, p99 "
        f"{found['p99']:.2f} ms, p99 / p50 {found['p99'] / found['p50']:.2f} (target {MOST_SPREAD:g}), "
        f"errors {report.errors or 'none'}"
    )
    p50 = {name: statistics.median(all_times(turns[name, 1])) * 1e3 for name in sides}
    print_figures(
        {
            # Of the best batch in process, what the batching server answers to 16 clients.
            "ratio": answered["gRPC", MANY] / max(rates.values()),
            "requests_per_second": answered["gRPC", MANY],
            "in_process_ms": alone,
            "grpc_ms": p50["gRPC, no batching"],
            "added_ms": p50["gRPC, no batching"] - alone,
            "batching_added_ms": p50["gRPC"] - alone,
            "rest_added_ms": p50["REST"] - alone,
            "half_load_p50_ms": found["p50"],
            "half_load_p99_ms": found["p99"],
            # What the server's process takes of the processor for a request beside the same row in the best batch, and
            # what client and server take together.
            "server_extra_ms": (server_ms := processor_ms(turns["gRPC", MANY]) - least_row_ms(calls)),
            "python_ms": server_ms + asking_ms(turns["gRPC", MANY]),
        }
    )


def measured(process: psutil.Process, side: Side) -> MeasuredSide:
    """Returns a side that also tells what it took of the processor in some process."""

    def turn(concurrency: int, seconds: float) -> Turn:
        processes = (process, psutil.Process())
        before, started = [_processor_seconds(each) for each in processes], time.perf_counter()
        times = side(concurrency, seconds)
        elapsed, after = time.perf_counter() - started, [_processor_seconds(each) for each in processes]
        computing, asking = (end - begin for begin, end in zip(before, after, strict=True))
        return Turn(times, elapsed, computing, asking)

    return turn


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def take_turns(
    sides: dict[str, MeasuredSide], call: MeasuredSide, seconds: float, rounds: int
) -> tuple[dict[tuple[str, int], list[Turn]], dict[int, list[Turn]]]:
    """Returns the turns of each side by requests at once, and those of the calls in process by rows of a batch."""
    for side in sides.values():
        side(CONCURRENCIES[-1], WARM_UP_SECONDS)
    for rows in BATCH_SIZES:
        call(rows, WARM_UP_SECONDS / len(BATCH_SIZES))
    turns: dict[tuple[str, int], list[Turn]] = {}
    calls: dict[int, list[Turn]] = {}
    for _ in range(rounds):
        for rows in BATCH_SIZES:
            calls.setdefault(rows, []).append(call(rows, seconds / 2))
        for name, side in sides.items():
            for concurrency in CONCURRENCIES:
                turns.setdefault((name, concurrency), []).append(side(concurrency, seconds))
    return turns, calls


def call_times(signature: Callable[..., object], texts: Sequence[bytes], rows: int, seconds: float) -> list[float]:
    """Calls the SavedModel in this process, one batch after another."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        batch = [texts[(len(times) * rows + row) % len(texts)] for row in range(rows)]
        signature(**{INPUT: tf.constant(batch)})
        times.append(time.perf_counter() - started)
    return times


def grpc_side(address: str, texts: Sequence[bytes]) -> Side:
    """Returns a side that sends by gRPC, messages as bytes both ways."""
    messages = [
        predict_request(SEARCH_MODEL, SIGNATURE, {INPUT: np.array([text], object)}).SerializeToString()
        for text in texts
    ]

    def ask(concurrency: int, seconds: float) -> list[float]:
        with grpc.insecure_channel(address) as channel:
            send = functools.partial(channel.unary_unary(PREDICT), timeout=TIMEOUT_SECONDS)
            return closed_loop(lambda number: send(messages[number % len(messages)]), concurrency, seconds)

    return ask


def rest_side(address: str, texts: Sequence[bytes]) -> Side:
    """Returns a side that sends by REST, a connection a thread."""
    bodies = [json.dumps({"instances": [{INPUT: text.decode()}]}) for text in texts]
    local = threading.local()

    def post(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        local.connection.request("POST", f"/v1/models/{SEARCH_MODEL}:predict", bodies[number % len(bodies)])
        response = local.connection.getresponse()
        body = response.read()
        if response.status != http.HTTPStatus.OK:
            raise SystemExit(f"REST answered {response.status}: {body!r:.200}")

    return lambda concurrency, seconds: closed_loop(post, concurrency, seconds)


def closed_loop(send: Callable[[int], object], concurrency: int, seconds: float) -> list[float]:
    """Sends from so many threads, each of which waits for its answer before it sends again."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    def repeat(first: int) -> None:
        number = first
        while (started := time.perf_counter()) < end:
            send(number)
            times.append(time.perf_counter() - started)
            number += concurrency

    threads = [threading.Thread(target=repeat, args=(first,)) for first in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def print_calls(calls: dict[int, list[Turn]]) -> tuple[float, dict[int, float]]:
    """Prints the calls in process; returns the milliseconds of one row, and the rows a second by rows of a batch."""
    medians = {rows: statistics.median(all_times(turns)) for rows, turns in calls.items()}
    rates = {rows: rows * answered_rate(turns) for rows, turns in calls.items()}
    print("in process, rows         " + "".join(f"{rows:>9}" for rows in calls))
    print("  p50 (ms)               " + "".join(f"{median * 1e3:9.2f}" for median in medians.values()))
    print("  rows/s                 " + "".join(f"{rate:9.1f}" for rate in rates.values()))
    used = (row_ms(rows, turns) for rows, turns in calls.items())
    print("  processor (ms) of a row" + "".join(f"{milliseconds:9.2f}" for milliseconds in used))
    return medians[1] * 1e3, rates


def print_sides(
    turns: dict[tuple[str, int], list[Turn]], alone: float, calls: dict[int, float]
) -> dict[tuple[str, int], float]:
    """Prints each side beside the calls in process, and returns the requests a second of each.

    Args:
        turns: By side and requests at once.
        alone: Milliseconds of one row in process.
        calls: Rows a second in process by rows of a batch.
    """
    print(f"{'':20} at once      p50      p99  requests/s  processor (ms)")
    rates = {}
    for (name, concurrency), taken in turns.items():
        p50, p99 = np.percentile(all_times(taken), [50, 99]) * 1e3
        rates[name, concurrency] = rate = answered_rate(taken)
        if concurrency == 1:
            beside = f"p50 {p50 - alone:+.2f} ms (target {MOST_ADDED_MS:g})"
        else:
            beside = (
                f"{rate / max(calls.values()):.0%} of the best batch in process (target {LEAST_SHARE:.0%}), "
                f"{rate / calls[concurrency]:.0%} of one with a row a client"
            )
        print(f"{name:20}{concurrency:8}{p50:9.2f}{p99:9.2f}{rate:12.1f}{processor_ms(taken):16.2f}  {beside}")
    return rates


def all_times(turns: Sequence[Turn]) -> np.ndarray:
    """Returns the seconds of every request."""
    return np.concatenate([turn.times for turn in turns])


def answered_rate(turns: Sequence[Turn]) -> float:
    """Returns the requests a second of the median turn."""
    return statistics.median(len(turn.times) / turn.seconds for turn in turns)


def row_ms(rows: int, turns: Sequence[Turn]) -> float:
    """Returns the processor's milliseconds of a row in batches of so many."""
    return processor_ms(turns) / rows


def least_row_ms(calls: dict[int, list[Turn]]) -> float:
    """Returns the processor's milliseconds of a row at the number of rows where they are fewest."""
    return min(row_ms(rows, turns) for rows, turns in calls.items())


def processor_ms(turns: Sequence[Turn]) -> float:
    """Returns the processor's milliseconds of a request; what else runs on the machine has little influence on them."""
    return sum(turn.processor_seconds for turn in turns) * 1e3 / sum(len(turn.times) for turn in turns)


def asking_ms(turns: Sequence[Turn]) -> float:
    """Returns the processor's milliseconds of a request in the client's process."""
    return sum(turn.asking_seconds for turn in turns) * 1e3 / sum(len(turn.times) for turn in turns)


if __name__ == "__main__":
    typer.run(main)
