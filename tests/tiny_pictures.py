"""Drawn pictures, and a small image backbone, so that tests need no package and no data."""

import io
from pathlib import Path

import keras
import keras_hub
import numpy as np
from PIL import Image, ImageDraw

SIZE = 32


def write_tiny_backbone(folder: Path) -> None:
    """Writes a preset of two stages with random weights, whose normalisations have something to normalise."""
    keras.utils.set_random_seed(0)
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 32],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
    )
    generator = np.random.default_rng(0)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights(
                [
                    generator.uniform(low, high, weight.shape)
                    for weight, (low, high) in zip(
                        layer.get_weights(), ((0.5, 1.5), (-0.5, 0.5), (-0.2, 0.2), (0.02, 0.1)), strict=True
                    )
                ]
            )
    backbone.save_to_preset(str(folder))
    converter = keras_hub.layers.ResNetImageConverter(image_size=(SIZE, SIZE), scale=[1 / 127.5] * 3, offset=[-1.0] * 3)
    converter.save_to_preset(str(folder))


def drawn(shape: str, colour: str, *, size: int = 48, form: str = "PNG", place: int = 0) -> bytes:
    """Returns a picture of a `circle`, a `square` or `stripes` on white as the bytes of a file."""
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)
    box = (6 + place, 6 + place, size - 10 + place, size - 10 + place)
    if shape == "circle":
        pen.ellipse(box, fill=colour)
    elif shape == "square":
        pen.rectangle(box, fill=colour)
    else:
        for row in range(4 + place, size, 8):
            pen.rectangle((0, row, size, row + 3), fill=colour)
    file = io.BytesIO()
    image.save(file, form, **({"quality": 95} if form == "JPEG" else {}))
    return file.getvalue()
