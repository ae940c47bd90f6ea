"""Training steps of a classifier with LoRA, plain and private, ours and those of Opacus: what `privacy.py` times."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.classifier_peer import bert_arrays, split_arrays
from benchmarks.figures import ratio
from benchmarks.peer_process import PeerProcess, has_module
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import ClassifierTrainingOptions, HeadOptions
from trainer.classification.private.model import PrivateClassifierModel
from trainer.classification.training import classifier_optimizer
from trainer.options import TextOptions
from trainer.privacy.options import PrivacyOptions
from trainer.text.backbone import TextEncoder, encoder_to_train

_TEXT, _TRAINING = TextOptions(sequence_length=64, training="lora"), ClassifierTrainingOptions()
_STEP_TEXTS, _STEPS = 32, 8
_PEER = Path(__file__).parent / "peers" / "torch_private.py"


def step_ratios(
    texts: Sequence[str], labels: npt.NDArray[np.int64], classes: int, torch_python: str
) -> dict[str, float | None]:
    """Returns how much longer a private step takes than a plain one of the same 32 texts, and how long beside Opacus.

    Args:
        texts: Texts; the first of them make the batch.
        labels: Their labels, `(texts,)`.
        classes: Labels that there are.
        torch_python: A Python interpreter with torch and Opacus; without them our own steps stand alone.
    """
    encoder = encoder_to_train(_TEXT)
    head = new_head(encoder, np.zeros((1, 0), np.float32), classes, HeadOptions())
    tokens = Classifier(encoder, head, ()).token_ids(texts[:_STEP_TEXTS])
    inputs = TextInputs(tokens, None, tf.zeros([_STEP_TEXTS, 0]))
    batch = {
        "row": tf.range(_STEP_TEXTS),
        "label": tf.constant(labels[:_STEP_TEXTS], tf.int32),
        "weight": tf.ones([_STEP_TEXTS]),
        "unit": tf.range(_STEP_TEXTS),
    }
    plain = ClassifierModel(encoder, head, inputs, _TRAINING)
    private = PrivateClassifierModel(encoder, head, inputs, _TRAINING, privacy=PrivacyOptions(), expected=_STEP_TEXTS)
    traced = []
    for model in (plain, private):
        model.compile(optimizer=classifier_optimizer(_TRAINING, 1000), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        traced.append(tf.function(model.train_step))
    sides: dict[str, Callable[[], float]] = {
        name: partial(_timed, step, batch) for name, step in zip(("plain", "private"), traced, strict=True)
    }
    with tempfile.TemporaryDirectory() as folder:
        peer = opacus_peer(torch_python, Path(folder), encoder, tokens, labels[:_STEP_TEXTS], classes)
        if peer is not None:
            sides |= {f"opacus_{name}": lambda name=name: peer.ask(name)["seconds"] for name in tuple(sides)}
        medians = medians_in_turns(sides)
        if peer is not None:
            peer.close()
    print(f"step with LoRA of {_STEP_TEXTS} texts, seconds: {medians}", flush=True)
    return {
        "step_ratio": ratio(medians["private"], medians["plain"]),
        "opacus_step_ratio": ratio(medians.get("opacus_private"), medians.get("opacus_plain")),
        "beside_opacus": ratio(medians["private"], medians.get("opacus_private")),
    }


def opacus_peer(
    python: str,
    folder: Path,
    encoder: TextEncoder,
    tokens: tf.RaggedTensor,
    labels: npt.NDArray[np.int64],
    classes: int,
) -> PeerProcess | None:
    """Starts the same network in PyTorch; None, and a word of it, where there is no Opacus."""
    if not has_module(python, "opacus"):
        print(f"opacus is not installed for {python}: our own steps alone (--torch-python names another).")
        return None
    arrays = bert_arrays(encoder.backbone) | split_arrays("train", encoder, tokens, labels, classes, "balanced")
    np.savez(folder / "peer.npz", **arrays)
    backbone, privacy = encoder.backbone, PrivacyOptions()
    settings = {
        "layers": backbone.num_layers,
        "heads": backbone.num_heads,
        "dropout": backbone.dropout,
        "head_dropout": HeadOptions().dropout,
        "rank": _TEXT.lora_rank,
        "classes": classes,
        "threads": os.cpu_count(),
        **privacy.model_dump(include={"noise_multiplier", "l2_clip"}),
    }
    peer = PeerProcess(python, _PEER, folder / "peer.npz", settings)
    print(f"PyTorch {peer.version}", flush=True)
    return peer


def medians_in_turns(sides: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Returns the median seconds of each side's steps, which take turns; the first of each warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(_STEPS + 1):
        for name, step in sides.items():
            seconds[name].append(step())
    return {name: float(np.median(times[1:])) for name, times in seconds.items()}


def _timed(step: Any, batch: dict[str, tf.Tensor]) -> float:
    started = time.perf_counter()
    step((batch,))["loss"].numpy()
    return time.perf_counter() - started
