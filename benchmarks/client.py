"""What the client costs: to import it, to build a request, to read an answer, and to ask from a shell.

    python benchmarks/client.py --root runs/demo

Beside it, the same messages by TensorFlow's own helpers, which the client did without from its first version without
TensorFlow: `make_tensor_proto`, `make_ndarray`. The client is imported in a process that sees its three dependencies
alone. Its times include the check of the answer. Seconds are of the fastest of several turns; those of the processor
hold where others work on the machine. With --root, a server is started on the run and asked by `shelfwise search`.
"""

import json
import os
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its client.py and serving.py are not the packages.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import tensorflow as tf
import typer
from tensorflow_serving.apis import predict_pb2

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.server.background import server_process
from shelfwise_client.call import TEXT_ROWS, Call, Outputs
from shelfwise_client.calls.recommendation import recommend
from shelfwise_client.calls.search import search
from shelfwise_client.deadline import Deadline
from shelfwise_client.protocol.classes import DATA_TYPES
from shelfwise_client.protocol.messages import output_arrays, predict_request, read_answer
from shelfwise_client.protocol.signatures import Signature, TensorSpec

PROJECT = Path(__file__).resolve().parents[1]
DEPENDENCIES = ("google", "grpc", "numpy", "typing_extensions.py")
HISTORY_LENGTH = 512
TURNS, CALLS = 15, 100
_IMPORTED = r"""
import json, re, time
begun, started = time.process_time(), time.perf_counter()
{statement}
seconds = (time.process_time() - begun, time.perf_counter() - started)
kilobytes = re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]
print(json.dumps([*seconds, int(kilobytes) / 1024]))
"""


def main(
    root: Annotated[Path | None, typer.Option(help="Root of a run that pushed a search model.")] = None,
    query: Annotated[str, typer.Option(help="What `shelfwise search` asks.")] = "tea",
) -> None:
    """Measures, and prints the ratios."""
    print_machine("tensorflow", "protobuf", "grpcio", "numpy")
    client = min(imported("import shelfwise_client") for _ in range(TURNS))
    peer = min(imported("import tensorflow; from tensorflow_serving.apis import predict_pb2") for _ in range(2))
    for name, (processor, wall, megabytes) in (("client", client), ("TensorFlow and the stubs", peer)):
        print(f"import of {name}: {wall:.2f} s ({processor:.2f} s of the processor), {megabytes:.0f} MB")
    size = wheel_bytes()
    print(f"wheel: {size / 1e3:.0f} kB")
    ratios = {}
    for name, (ours, theirs) in messages().items():
        assert_same(ours(), theirs())
        # In turns: what else the machine does falls on both.
        turns = [[timeit.timeit(each, number=CALLS) / CALLS for each in (ours, theirs)] for _ in range(TURNS)]
        seconds = [min(each) for each in zip(*turns, strict=True)]
        ratios[name] = seconds[0] / seconds[1]
        ours_us, theirs_us = (value * 1e6 for value in seconds)
        print(f"{name:<16}{ours_us:10.1f} us {theirs_us:10.1f} us   client / TensorFlow: {ratios[name]:.2f}")
    asked = command_seconds(root, query) if root else None
    if asked is not None:
        print(f"`shelfwise search`: {asked[1]:.2f} s ({asked[0]:.2f} s of the processor)")
    print_figures(
        {
            "import_seconds": client[1],
            "import_processor_seconds": client[0],
            "import_mb": client[2],
            "tensorflow_import_seconds": peer[1],
            "tensorflow_import_mb": peer[2],
            "wheel_kb": size / 1e3,
            **{f"{name}_ratio": value for name, value in ratios.items()},
            "search_seconds": asked and asked[1],
            "search_processor_seconds": asked and asked[0],
        }
    )


def imported(statement: str) -> tuple[float, float, float]:
    """Imports in a new process; returns seconds of the processor and of the clock, and MB at the most."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [folder]
        if "tensorflow" in statement:
            paths = [path for path in sys.path if path]
        else:
            for name in DEPENDENCIES:
                spec = find_spec(name.removesuffix(".py"))
                found = next(iter(spec.submodule_search_locations or [])) if spec and "." not in name else spec.origin
                os.symlink(found, Path(folder, name))
            paths.append(str(Path(find_spec("shelfwise_client").origin).parents[1]))
        code = f"import sys; sys.path += {paths!r}" + _IMPORTED.format(statement=statement)
        done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def wheel_bytes() -> int:
    """Builds the client's wheel, and returns its size."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        subprocess.run([*command, "--wheel-dir", folder, str(PROJECT / "serving" / "client")], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.stat().st_size


def messages() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Returns what is timed by name: the client's way, and that of TensorFlow's helpers."""
    ids = [f"product-{number}" for number in range(HISTORY_LENGTH)]
    timed: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}
    asked: dict[str, Call] = {
        "search": search("jasmine green tea", k=10),
        "recommend": recommend(ids, ["purchase"] * len(ids), [float(n) for n in range(len(ids))]),
    }
    for name, call in asked.items():
        shapes = dict.fromkeys(call.inputs, (-1, HISTORY_LENGTH)) | {"exclude_ids": (-1, 100)}
        inputs = call.padded_inputs(shapes)
        timed[f"build_{name}"] = (
            lambda call=call, inputs=inputs: predict_request(call.model, call.signature, inputs).SerializeToString(
                deterministic=True
            ),
            lambda call=call, inputs=inputs: tensorflow_request(call.model, call.signature, inputs),
        )
    signature = Signature(
        {}, {name: TensorSpec(output.kind.number, (-1, -1)) for name, output in search("").outputs.items()}
    )
    for k in (10, 1000):
        answer = served_answer(k).SerializeToString()
        timed[f"read_{k}"] = (
            lambda answer=answer: output_arrays(read_answer(answer), signature, (), 1, Deadline(10.0, "")),
            lambda answer=answer: tensorflow_arrays(answer),
        )
    return timed


def tensorflow_request(model: str, signature: str, inputs: dict[str, np.ndarray]) -> bytes:
    """Builds a request as TensorFlow Serving's guide does."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request.SerializeToString(deterministic=True)


def tensorflow_arrays(answer: bytes) -> Outputs:
    """Reads an answer as TensorFlow Serving's guide does."""
    response = predict_pb2.PredictResponse.FromString(answer)
    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def served_answer(k: int) -> predict_pb2.PredictResponse:
    """Returns an answer of `k` products as a server sends it: each value in the field of its kind."""
    response = predict_pb2.PredictResponse()
    for name, output in search("").outputs.items():
        tensor = response.outputs[name]
        tensor.dtype = output.kind.number
        for size in (1, k):
            tensor.tensor_shape.dim.add().size = size
        if output == TEXT_ROWS:
            tensor.string_val.extend(f"{name} number {number}".encode() for number in range(k))
        elif tensor.dtype == DATA_TYPES["DT_FLOAT"]:
            tensor.float_val.extend(range(k))
        else:
            tensor.int_val.extend(range(k))
    return response


def assert_same(ours: object, theirs: object) -> None:
    """Both ways must come to the same, or nothing is compared."""
    if isinstance(ours, bytes):
        ours, theirs = (tensorflow_inputs(message) for message in (ours, theirs))
    if ours.keys() != theirs.keys() or not all(np.array_equal(ours[name], theirs[name]) for name in ours):
        raise RuntimeError("the client and TensorFlow's helpers came to different values")


def tensorflow_inputs(request: bytes) -> Outputs:
    """Reads a request."""
    read = predict_pb2.PredictRequest.FromString(request)
    return {name: tf.make_ndarray(value) for name, value in read.inputs.items()}


def command_seconds(root: Path, query: str) -> tuple[float, float]:
    """Asks from a shell; returns seconds of the processor and of the clock of the fastest turn."""
    with server_process("--models", str(root / "serving")) as server:
        command = [sys.executable, "-m", "tfx_pipeline", "search", query, "--address", server.grpc]
        turns = []
        for _ in range(TURNS):
            before, started = os.times(), timeit.default_timer()
            subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
            after = os.times()
            processor = after.children_user + after.children_system - before.children_user - before.children_system
            turns.append((processor, timeit.default_timer() - started))
    return min(turns)


if __name__ == "__main__":
    typer.run(main)
