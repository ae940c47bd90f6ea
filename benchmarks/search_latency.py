"""How long a search takes by gRPC, beside ONNX Runtime or sentence-transformers encoding the same queries alone.

    python benchmarks/search_latency.py --root ROOT --queries FILE --peer-python PYTHON_WITH_THE_PEER

ROOT is a run that pushed a search model, such as that of benchmarks/search_quality.py; FILE is a Parquet file with a
column query. One client sends one query after another to a server on a free loopback port. Both sides take turns of
some hundred queries, so that what else runs on the machine slows both. Prints the percentiles of both by the number of
tokens, and the ratio; ours alone where the peer is not to be had. ONNX Runtime gets the queries as tokens, in float32.

The peers, with what they need beside them: `pip install onnx onnxruntime torch transformers` or
`pip install sentence-transformers`, in an environment of their own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import tensorflow as tf
import typer

from benchmarks.command_line import THIS_PYTHON, Queries, SearchRoot
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import config_of_run
from benchmarks.query_file import read_queries
from serving.client import Shelfwise
from serving.model_names import SEARCH_MODEL
from serving.server.background import server_process
from tfx_pipeline.summary.file import summary_of_run
from trainer.text.backbone import load_text_encoder
from trainer.text.pretrained import local_folder

PEERS = {"onnxruntime": "onnx_encoder.py", "sentence_transformers": "sentence_encoder.py"}
QUERIES_A_TURN = 100
WARM_UP = 30
# Upper ends of the groups of queries, in tokens.
TOKENS = (5, 8, 12, 512)
THREADS = 2

Turn = Callable[[Sequence[str]], list[float]]


def main(
    root: SearchRoot,
    queries: Queries,
    peer_python: Annotated[str, typer.Option(help="Interpreter with the peer.")] = THIS_PYTHON,
    peer_name: Annotated[str, typer.Option("--peer", help=f"One of {', '.join(PEERS)}.")] = "onnxruntime",
    split: Annotated[str, typer.Option(help="Take the queries of this split, if the file has one.")] = "test",
    most: Annotated[int, typer.Option(help="Queries to ask at the most.")] = 1_000_000,
) -> None:
    """Takes turns and prints a table."""
    texts = read_queries(queries, split)[:most]
    summary = summary_of_run(root)
    text = config_of_run(root).text
    if text is None:
        raise typer.BadParameter(f"{root} has no texts")
    encoder = load_text_encoder(text)
    tokens = encoder.token_ids(tf.constant(texts)).row_lengths().numpy()
    with server_process("--models", str(root / "serving")) as server, Shelfwise(server.grpc) as client:
        sides: dict[str, Turn] = {"search": lambda turn: [timed_search(client, query) for query in turn]}
        peer = start_peer(peer_name, peer_python, str(local_folder(text.backbone)))
        if peer is not None:
            sides["encode"] = lambda turn: ask_peer(peer, turn)
        for side in sides.values():
            side(texts[:WARM_UP])
        times: dict[str, list[float]] = {name: [] for name in sides}
        for start in range(0, len(texts), QUERIES_A_TURN):
            for name, side in sides.items():
                times[name] += side(texts[start : start + QUERIES_A_TURN])
        if peer is not None:
            peer.communicate()
    products = summary.tasks[SEARCH_MODEL].counts["products"]
    print_machine("tensorflow")
    print(f"{len(texts):,} queries over {products:,} products")
    print("tokens     queries" + "".join(f"{name + ' p50':>14}{'p95':>8}" for name in times) + "     ratio of p50")
    low = 0
    for high in TOKENS:
        print_row(f"{low + 1} to {min(high, int(tokens.max()))}", (tokens > low) & (tokens <= high), times)
        low = high
    print_row("all", tokens > 0, times)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    print_figures(
        {
            # Above 1 a whole search takes longer than the peer's encoding of the query.
            "ratio": ratio(medians["search"], medians.get("encode")),
            "p50_ms": medians["search"],
            "p95_ms": float(np.percentile(times["search"], 95)),
            "peer_p50_ms": medians.get("encode"),
            "queries": len(texts),
        }
    )


def timed_search(client: Shelfwise, query: str) -> float:
    """Returns the milliseconds of one request for ten products."""
    inputs = {"query": np.array([query.encode()], object)}
    started = time.perf_counter()
    client.predict(SEARCH_MODEL, "serving_default", inputs)
    return (time.perf_counter() - started) * 1e3


def start_peer(name: str, python: str, weights: str) -> "subprocess.Popen[str] | None":
    """Starts the peer, or says in one line why not."""
    found = subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False)
    if found.returncode:
        print(f"{name} is not installed for {python}: our own figure alone (--peer-python names another).")
        return None
    peer = subprocess.Popen(
        [python, str(Path(__file__).parent / "peers" / PEERS[name]), weights, str(THREADS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
    )
    version = json.loads(_line(peer))["version"]
    print(f"{name} {version}, {THREADS} threads")
    return peer


def ask_peer(peer: "subprocess.Popen[str]", queries: Sequence[str]) -> list[float]:
    """Returns the milliseconds that the peer took for each query."""
    print(json.dumps(list(queries)), file=peer.stdin, flush=True)
    milliseconds: list[float] = json.loads(_line(peer))
    return milliseconds


def _line(peer: "subprocess.Popen[str]") -> str:
    if peer.stdout is None:
        raise RuntimeError("The peer has no output.")
    return peer.stdout.readline()


def print_row(label: str, rows: np.ndarray, times: dict[str, list[float]]) -> None:
    """Prints one group of queries."""
    if not rows.any():
        return
    chosen = {name: np.array(values)[rows] for name, values in times.items()}
    shown = "".join(f"{np.median(values):14.2f}{np.percentile(values, 95):8.2f}" for values in chosen.values())
    quotient = ""
    if len(chosen) == 2:
        ours, theirs = (np.median(values) for values in chosen.values())
        quotient = f"{ours / theirs:17.2f}"
    print(f"{label:10}{int(rows.sum()):8}{shown}{quotient}")


if __name__ == "__main__":
    typer.run(main)
