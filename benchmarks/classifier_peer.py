"""Starts the classifier in PyTorch with the weights, texts and options of one of ours, and talks to it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peer_process import PeerProcess
from trainer.classification.batches import label_weights
from trainer.classification.options import ClassifierOptions
from trainer.text.backbone import TextEncoder
from trainer.text.keras_nlp_parts import transformer_parts

PEER = Path(__file__).parent / "peers" / "torch_classifier.py"

Arrays = dict[str, npt.NDArray[Any]]


class ClassifierPeer(PeerProcess):
    """The classifier in PyTorch.

    Args:
        python: A Python interpreter with torch and NumPy.
        folder: Where the arrays for it are written to.
        arrays: `bert_arrays`, and `split_arrays` of each split.
        settings: `peer_settings`.
    """

    def __init__(self, python: str, folder: Path, arrays: Arrays, settings: dict[str, Any]) -> None:
        self._folder = folder
        data_file = folder / "peer.npz"
        np.savez(data_file, **arrays)
        super().__init__(python, PEER, data_file, settings)

    def encode(self, split: str) -> float:
        """Returns the seconds that encoding a split took."""
        return self.ask(f"encode {split}")["seconds"]

    def logits(self, split: str) -> npt.NDArray[np.float32]:
        """Returns the logits of a split, float32 `(texts, classes)`."""
        file = self._folder / f"{split}_logits.npy"
        self.ask(f"logits {split} {file}")
        return np.load(file)


def peer_settings(
    encoder: TextEncoder, options: ClassifierOptions, classes: int, splits: Mapping[str, Any], steps: int, seed: int
) -> dict[str, Any]:
    """Returns what the peer needs to do the same `steps` steps.

    Raises:
        ValueError: The options ask for what the peer does not have.
    """
    training = options.training
    if options.head.units or training.loss != "cross_entropy" or options.text.training == "lora":
        raise ValueError("The peer has no hidden layer, no focal loss and no LoRA. Leave these options as they are.")
    backbone = encoder.backbone
    return {
        "splits": list(splits),
        "layers": backbone.num_layers,
        "heads": backbone.num_heads,
        "dropout": backbone.dropout,
        "head_dropout": options.head.dropout,
        "classes": classes,
        "training": options.text.training,
        "encode_batch_size": options.text.batch_size,
        "total_steps": steps,
        "seed": seed,
        "threads": os.cpu_count(),
        **training.model_dump(include={"batch_size", "learning_rate", "weight_decay", "clip_norm", "label_smoothing"}),
    }


def split_arrays(
    name: str, encoder: TextEncoder, token_ids: Any, labels: npt.NDArray[np.int64], classes: int, weighed: str
) -> Arrays:
    """Returns the texts of a split as the peer reads them.

    Raises:
        ValueError: The tokenizer pads with something else than 0, as the peer does.
    """
    if encoder.tokenizer.pad_token_id != 0:
        raise ValueError("The peer knows only vocabularies whose first token is [PAD].")
    return {
        f"{name}_token_ids": token_ids.values.numpy(),
        f"{name}_lengths": token_ids.row_lengths().numpy(),
        f"{name}_labels": labels,
        f"{name}_weights": label_weights(labels, classes, weighed)[labels],
    }


def bert_arrays(backbone: Any) -> Arrays:
    """Returns a backbone's weights by the peer's names, dense kernels `(outputs, inputs)` as torch has them."""
    arrays = {
        "token": np.asarray(backbone.token_embedding.embeddings),
        "position": np.asarray(backbone.position_embedding.position_embeddings),
        "segment": np.asarray(backbone.segment_embedding.embeddings),
        **_normalization("norm", backbone.embeddings_layer_norm),
    }
    for number, layer in enumerate(backbone.transformer_layers):
        parts = transformer_parts(layer)
        attention = parts.attention
        thirds = [attention.query_dense, attention.key_dense, attention.value_dense]
        d = backbone.hidden_dim
        kernels = [np.asarray(part.kernel).reshape(d, d).T for part in thirds]
        arrays[f"{number}_query_key_value_weight"] = np.concatenate(kernels)
        arrays[f"{number}_query_key_value_bias"] = np.concatenate([np.asarray(part.bias).ravel() for part in thirds])
        output = attention.output_dense
        arrays[f"{number}_attention_output_weight"] = np.asarray(output.kernel).reshape(d, d).T
        arrays[f"{number}_attention_output_bias"] = np.asarray(output.bias)
        for name, dense in {"inner": parts.inner, "output": parts.outer}.items():
            arrays[f"{number}_{name}_weight"] = np.asarray(dense.kernel).T
            arrays[f"{number}_{name}_bias"] = np.asarray(dense.bias)
        arrays |= _normalization(f"{number}_attention_norm", parts.attention_norm)
        arrays |= _normalization(f"{number}_output_norm", parts.outer_norm)
    return {name: np.ascontiguousarray(value) for name, value in arrays.items()}


def _normalization(name: str, layer: Any) -> Arrays:
    return {f"{name}_weight": np.asarray(layer.gamma), f"{name}_bias": np.asarray(layer.beta)}
