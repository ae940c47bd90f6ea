"""Texts a second that training a classifier learns from, beside the same model in PyTorch.

    .venv/bin/python benchmarks/classifier_throughput.py --torch-python PYTHON [--texts FILE] [--rows 1024]

PYTHON is an interpreter with torch and NumPy; without one our own figures stand alone. FILE is a Parquet file with a
column `text`; without one the texts are made of random words. Both sides start from the same weights, train on the same
batches' sizes and lengths in float32 with the same number of threads, and take turns after a warm-up, so that what else
runs on the machine slows both. Three ways of training are timed: `full` with texts that all fill `--length` tokens,
where there is no padding to save; `full` with the texts as they are; and `frozen` with the texts as they are, where an
epoch encodes every text once and then trains the head on the vectors. Beside the first one stand the matrix products of
its step alone, the share that no implementation can do without.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import keras
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
import typer

from benchmarks.classifier_peer import ClassifierPeer, bert_arrays, peer_settings, split_arrays
from benchmarks.command_line import THIS_PYTHON, TorchPython
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.matrix_products import MatrixProducts, StepShape
from benchmarks.peer_process import has_torch
from trainer.classification.batches import LabelBatches
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import ClassifierOptions
from trainer.classification.training import classifier_optimizer
from trainer.options import TextOptions
from trainer.text.backbone import TextEncoder, encode_token_ids, load_text_encoder

CLASSES = 3
WORDS = 2_000
# Of random texts: a mean of 18 words, few of more than 40, as in short reviews.
MEAN_WORDS, SHAPE = 18, 3.0

Training = Literal["frozen", "full"]


class Way(NamedTuple):
    """A way of training that is timed."""

    name: str
    title: str
    training: Training
    filled: bool


WAYS = (
    Way("filled", "full, texts of one length", "full", True),
    Way("full", "full, texts as they are", "full", False),
    Way("frozen", "frozen, texts as they are", "frozen", False),
)
# Whose ratio is `ratio` among the figures: where neither side can save any padding.
HEADLINE = WAYS[0]


class Ours:
    """Our training step, compiled as `fit` compiles it."""

    def __init__(self, encoder: TextEncoder, token_ids: Any, labels: Any, options: ClassifierOptions) -> None:
        self._encoder, self._token_ids, self._labels, self._options = encoder, token_ids, labels, options
        self._numbers = np.zeros((len(labels), 0), np.float32)
        encoder.freeze_as(options.text)
        # Vectors are encoded in `encode`; these stand in for them until then.
        vectors = None if encoder.trainable else tf.zeros([len(labels), encoder.dimensions])
        self._prepare(vectors)

    def _prepare(self, vectors: Any) -> None:
        head = new_head(self._encoder, self._numbers, CLASSES, self._options.head)
        inputs = TextInputs(self._token_ids, vectors, tf.constant(self._numbers))
        model = ClassifierModel(self._encoder, head, inputs, self._options.training)
        model.compile(optimizer=classifier_optimizer(self._options.training, 10_000), jit_compile=False)
        model.make_train_function()
        batches = LabelBatches(self._labels, CLASSES, self._options.training, 0)
        self._model, self._step, self._batches = model, model.train_function, iter(batches.epoch(0).repeat())

    def run(self, steps: int) -> tuple[float, float]:
        """Returns the seconds that so many steps took, and their mean loss."""
        start = time.perf_counter()
        losses = [self._step(self._batches)["loss"] for _ in range(steps)]
        loss = float(np.mean(losses))
        return time.perf_counter() - start, loss

    def encode(self, split: str) -> float:
        """Returns the seconds that encoding the texts took."""
        del split
        start = time.perf_counter()
        encode_token_ids(self._encoder, self._token_ids, self._options.text.batch_size)
        return time.perf_counter() - start


def main(
    torch_python: TorchPython = THIS_PYTHON,
    texts: Annotated[Path | None, typer.Option(help="Parquet file with a column `text`.")] = None,
    rows: Annotated[int, typer.Option(min=32, help="Texts.")] = 1024,
    length: Annotated[int, typer.Option(min=4, help="Tokens that a text is cut to, or fills.")] = 64,
    steps: Annotated[int, typer.Option(min=1, help="Training steps a turn.")] = 8,
    turns: Annotated[int, typer.Option(min=1, help="Timed turns of each side.")] = 5,
) -> None:
    """Takes turns and prints a table."""
    threads = os.cpu_count() or 1
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    chosen = pq.read_table(texts, columns=["text"])["text"].to_pylist()[:rows] if texts else random_texts(rows)
    python = torch_python if has_torch(torch_python) else None
    if python is None:
        print(f"torch is not installed for {torch_python}: our own figures alone (--torch-python names another).")
    print_machine("tensorflow", "keras", threads=threads)
    figures: dict[str, float | None] = {}
    for way in WAYS:
        medians = time_way(way, chosen, length, steps, turns, python)
        size = ClassifierOptions().training.batch_size
        figures[f"{way.name}_texts_per_second"] = size / medians["ours"]
        figures[f"{way.name}_ratio"] = ratio(medians.get("torch"), medians["ours"])
        figures |= {f"{name}_ms": 1e3 * medians[name] for name in medians if name.endswith("products")}
    print_figures({"ratio": figures[f"{HEADLINE.name}_ratio"], **figures})


def time_way(way: Way, texts: list[str], length: int, steps: int, turns: int, python: str | None) -> dict[str, float]:
    """Times one way of training on both sides, prints it, and returns the median seconds a step of each side."""
    keras.utils.set_random_seed(0)
    options = ClassifierOptions(text=TextOptions(training=way.training, sequence_length=length))
    encoder = load_text_encoder(options.text)
    made = Classifier(encoder, new_head(encoder, np.zeros((1, 0), np.float32), CLASSES, options.head), ())
    token_ids = filled(made.token_ids(texts), length) if way.filled else made.token_ids(texts)
    labels = np.random.default_rng(0).integers(0, CLASSES, len(texts))
    with tempfile.TemporaryDirectory() as folder:
        sides: dict[str, Any] = {"ours": Ours(encoder, token_ids, labels, options)}
        if python is not None:
            arrays = bert_arrays(encoder.backbone)
            arrays |= split_arrays("train", encoder, token_ids, labels, CLASSES, options.training.class_weights)
            settings = peer_settings(encoder, options, CLASSES, {"train": None}, 10_000, 0)
            sides["torch"] = ClassifierPeer(python, Path(folder), arrays, settings)
        if way.training == "full":
            seconds = turns_of(sides, turns, lambda side: side.run(steps)[0] / steps)
        else:
            epoch = len(texts) // options.training.batch_size
            seconds = turns_of(sides, turns, lambda side: (side.encode("train") + side.run(epoch)[0]) / epoch)
        medians = print_table(way, token_ids, seconds, options)
        if way is HEADLINE:
            medians |= time_products(encoder, options.training.batch_size, length, steps, turns, sides.get("torch"))
        if python is not None:
            sides["torch"].close()
    return medians


def time_products(
    encoder: TextEncoder, texts: int, length: int, steps: int, turns: int, peer: ClassifierPeer | None
) -> dict[str, float]:
    """Times the matrix products of a step alone on both sides, prints them, and returns median seconds."""
    backbone = encoder.backbone
    shape = StepShape(
        texts, length, backbone.num_layers, backbone.hidden_dim, backbone.num_heads, backbone.intermediate_dim
    )
    sides: dict[str, Any] = {"ours_products": MatrixProducts(shape).run}
    if peer is not None:
        sides["torch_products"] = lambda times: peer.ask(f"products {times} {shape.words()}")["seconds"]
    seconds = turns_of(sides, turns, lambda side: side(steps) / steps)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"  {name:20}{1e3 * median:10.2f} ms/step")
    return medians


def turns_of(sides: dict[str, Any], turns: int, run: Callable[[Any], float]) -> dict[str, list[float]]:
    """Returns what `run` says of each side, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(turns + 1):
        for name, side in sides.items():
            took = run(side)
            # The first turn traces, allocates and fills caches.
            if turn:
                seconds[name].append(took)
    return seconds


def print_table(
    way: Way, token_ids: Any, seconds: dict[str, list[float]], options: ClassifierOptions
) -> dict[str, float]:
    """Prints texts a second of both sides, and their ratio; returns the median seconds a step of each side."""
    size = options.training.batch_size
    mean = float(token_ids.row_lengths().numpy().mean())
    print(f"{way.title}: {size} texts a step, {mean:.1f} tokens a text, float32")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        slowest = max(seconds[name])
        print(f"  {name:8}{size / median:10.0f} texts/s{1e3 * median:10.2f} ms/step, slowest {1e3 * slowest:.2f}")
    if "torch" in medians:
        print(f"  ratio ours / torch: {medians['torch'] / medians['ours']:.2f}", flush=True)
    return medians


def random_texts(rows: int) -> list[str]:
    """Makes texts of random words, of unequal length."""
    random = np.random.default_rng(0)
    lengths = np.maximum(random.gamma(SHAPE, MEAN_WORDS / SHAPE, rows).astype(int), 2)
    return [" ".join(f"word{word}" for word in random.integers(0, WORDS, length)) for length in lengths]


def filled(token_ids: Any, length: int) -> tf.RaggedTensor:
    """Returns texts that repeat their tokens until each has `length` of them."""
    rows = [np.resize(row, length) for row in token_ids.to_list()]
    return tf.RaggedTensor.from_tensor(tf.constant(np.stack(rows), tf.int32))


if __name__ == "__main__":
    typer.run(main)
