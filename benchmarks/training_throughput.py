"""Pairs a second that the two-tower training step learns from, beside the same model in PyTorch.

    .venv/bin/python benchmarks/training_throughput.py --torch-python PATH_OF_A_PYTHON_WITH_TORCH

Batch and model are those of the default options, on a synthetic catalogue with cached text vectors and random
windows. Both sides get the same arrays and the same number of threads, and take turns after a warm-up, so that what
else runs on the machine slows both. Without torch our own figure stands alone.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import keras
import numpy as np
import tensorflow as tf
import typer

from benchmarks.command_line import THIS_PYTHON, TorchPython
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.peer_process import PeerProcess, has_torch
from serving.graph.time_units import DAY_SECONDS
from trainer.fitting.training_length import TrainingLength
from trainer.recommendation.options import TwoTowerOptions
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.recommendation.towers.model import TwoTower
from trainer.recommendation.towers.optimizer import towers_optimizer
from trainer.recommendation.towers.towers import build_towers

PEER = Path(__file__).parent / "peers" / "torch_two_tower.py"
PRODUCTS, TEXT_DIMENSIONS, NUMBERS, CATEGORY_SIZES, EVENT_TYPES = 19_000, 384, 3, (30, 300), 3
BATCHES = 16
STEPS_PER_EPOCH = 1_000


class Ours:
    """Our training step, compiled as `fit` compiles it."""

    def __init__(self, data: dict[str, np.ndarray], options: TwoTowerOptions) -> None:
        keras.utils.set_random_seed(0)
        items = ItemFeatures(
            product_index=np.arange(PRODUCTS, dtype=np.int32),
            number_names=("price", "rating", POPULARITY),
            numbers=data["items_numbers"],
            categories=data["items_categories"],
            text_vectors=data["items_text"],
        )
        towers = build_towers(options.tower, items, EVENT_TYPES)
        model = TwoTower(towers, items, data["probabilities"], options.training)
        length = TrainingLength(STEPS_PER_EPOCH, options.training.max_epochs)
        model.compile(optimizer=towers_optimizer(options.training, length), jit_compile=False)
        windows = {name.removeprefix("windows_"): value for name, value in data.items() if "windows_" in name}
        model.make_train_function()
        self._step = model.train_function
        self._batches = iter(tf.data.Dataset.from_tensor_slices(windows).repeat().prefetch(4))
        self._model = model

    def run(self, steps: int) -> tuple[float, float]:
        """Returns the seconds that so many steps took, and their mean loss."""
        self._model.reset_metrics()
        start = time.perf_counter()
        for _ in range(steps):
            logs = self._step(self._batches)
        loss = float(logs["loss"])
        return time.perf_counter() - start, loss


def synthetic_data(options: TwoTowerOptions) -> dict[str, np.ndarray]:
    """Makes a catalogue, and batches of random windows of 8 to `history` events, popular products more often."""
    random = np.random.default_rng(0)
    batch, width = options.training.batch_size, options.tower.history
    text = random.normal(size=(PRODUCTS, TEXT_DIMENSIONS)).astype(np.float32)
    popularity = 1.0 / np.arange(1, PRODUCTS + 1) ** 0.8
    popularity /= popularity.sum()
    events = random.choice(PRODUCTS, (BATCHES, batch, width + 1), p=popularity).astype(np.int32)
    length = random.integers(8, width + 1, (BATCHES, batch)).astype(np.int32)
    length[:, 0] = width
    valid = np.arange(width) < length[..., None]
    return {
        "items_numbers": random.normal(size=(PRODUCTS, NUMBERS)).astype(np.float32),
        "items_categories": random.integers(0, CATEGORY_SIZES, (PRODUCTS, len(CATEGORY_SIZES))).astype(np.int32),
        "items_text": text / np.linalg.norm(text, axis=1, keepdims=True),
        "probabilities": (popularity / popularity.max()).astype(np.float32),
        "windows_history_index": np.where(valid, events[..., :-1], 0),
        "windows_history_type": random.integers(0, EVENT_TYPES, valid.shape).astype(np.int32),
        "windows_gap_seconds": random.exponential(DAY_SECONDS, valid.shape).astype(np.float32),
        "windows_history_length": length,
        "windows_query_position": np.broadcast_to(np.arange(width, dtype=np.int32), valid.shape).copy(),
        "windows_target_index": np.where(valid, events[..., 1:], 0),
        "windows_target_weight": valid.astype(np.float32),
    }


def start_peer(python: str, folder: str, data: dict[str, np.ndarray], settings: dict[str, Any]) -> PeerProcess | None:
    """Starts the peer, or says in one line why not."""
    if not has_torch(python):
        print(f"torch is not installed for {python}: our own figure alone (--torch-python names another interpreter).")
        return None
    data_file = Path(folder) / "data.npz"
    np.savez(data_file, **data)
    return PeerProcess(python, PEER, data_file, settings)


def main(
    torch_python: TorchPython = THIS_PYTHON,
    threads: Annotated[int, typer.Option(min=1, help="Threads of either side.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="Steps a run.")] = 8,
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each side.")] = 5,
) -> None:
    """Takes turns and prints a table."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    options = TwoTowerOptions()
    data = synthetic_data(options)
    total_steps = STEPS_PER_EPOCH * options.training.max_epochs
    settings = {**options.tower.model_dump(), **options.training.model_dump(), "threads": threads}
    settings |= {"event_types": EVENT_TYPES, "total_steps": total_steps}
    settings |= {"warm_up": min(total_steps // 10, STEPS_PER_EPOCH)}
    pairs = data["windows_target_weight"].sum(axis=(1, 2)).mean()
    with tempfile.TemporaryDirectory() as folder:
        peer = start_peer(torch_python, folder, data, settings)
        sides: dict[str, Any] = {"ours": Ours(data, options)}
        if peer is not None:
            sides["torch"] = peer
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(runs + 1):
            for name, side in sides.items():
                took, loss = side.run(steps)
                # The first turn traces, allocates and fills caches.
                if turn:
                    seconds[name].append(took)
                print(f"{'run' if turn else 'warm-up'} {turn}: {name} {took:.2f} s, loss {loss:.4f}", file=sys.stderr)
        if peer is not None:
            peer.close()
    peer_version = [f"torch {peer.version}"] if peer is not None else []
    print_machine("tensorflow", "keras", threads=threads, versions=peer_version)
    print(f"{PRODUCTS} products, {options.training.batch_size} windows and {pairs:.0f} pairs a step")
    print(f"{'':8}{'pairs/s':>12}{'ms/step':>12}{'slowest':>12}")
    medians = {name: statistics.median(values) / steps for name, values in seconds.items()}
    for name, median in medians.items():
        slowest = max(seconds[name]) / steps
        print(f"{name:8}{pairs / median:12.0f}{1e3 * median:12.2f}{1e3 * slowest:12.2f}")
    if peer is not None:
        print(f"ratio ours / torch: {medians['torch'] / medians['ours']:.2f}")
    print_figures(
        {
            # Above 1 we learn from more pairs a second than PyTorch.
            "ratio": ratio(medians.get("torch"), medians["ours"]),
            "pairs_per_second": pairs / medians["ours"],
            "torch_pairs_per_second": ratio(pairs, medians.get("torch")),
            "ms_per_step": 1e3 * medians["ours"],
        }
    )


if __name__ == "__main__":
    typer.run(main)
