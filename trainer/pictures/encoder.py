"""Pictures to vectors: a frozen image backbone, with the decoding before it and the pooling after it."""

import contextlib
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.pictures.decoder import PictureDecoder
from serving.pictures.embedder import PictureEmbedder
from trainer.options import PictureOptions
from trainer.pictures.folding import fold_batch_norm
from trainer.pictures.pretrained import PretrainedPictures, load_pretrained_pictures

Vectors = npt.NDArray[np.float32]

_PYRAMID_STAGE = "P4"


class PictureEncoder(tf.Module):
    """Encodes pictures: decoded and fitted to one size, backbone, mean and maximum over the places of some stages, L2.

    Each part, of a stage and of a way to pool it, has the same weight. A picture and its mirror image are one thing:
    the parts are the sums of both. On photographs of clothes each of these choices adds to what a linear model tells
    apart (docs/design/0035-pictures.md).

    Args:
        pretrained: The backbone, which is not trained.
        max_bytes: Size of a picture at the most.
        max_pixels: Its width times height at the most.

    Attributes:
        network: Float32 `(batch, height, width, 3)`, as `prepared` returns them, to the stages that are pooled.
        size: Height and width.
        dimensions: Of the vectors.
        max_pixels: As given.
    """

    def __init__(self, pretrained: PretrainedPictures, *, max_bytes: int, max_pixels: int) -> None:
        super().__init__(name="picture_encoder")
        self.max_pixels = max_pixels
        self.size = (pretrained.height, pretrained.width)
        self._scale, self._offset = pretrained.scale, pretrained.offset
        self._decoder = PictureDecoder(pretrained.height, pretrained.width, max_bytes=max_bytes, max_pixels=max_pixels)
        stages = _stages(pretrained.backbone)
        self.network = fold_batch_norm(keras.Model(pretrained.backbone.input, stages))
        self.dimensions = sum(int(stage.shape[-1]) * (2 if len(stage.shape) > 2 else 1) for stage in stages)
        self._decode = tf.function(
            self._decoder.decode_one, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
        )
        shape = [None, pretrained.height, pretrained.width, 3]
        self._encode = tf.function(
            self.encode_pixels, input_signature=[tf.TensorSpec(shape, tf.float32)], autograph=False
        )

    def decode(self, picture: bytes) -> Vectors:
        """Decodes a JPEG or PNG to float32 `(height, width, 3)` from 0 to 255.

        Raises:
            ValueError: It is none, is broken, or is too large.
        """
        try:
            pixels: Vectors = self._decode(tf.constant(picture)).numpy()
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(error.message) from error
        return pixels

    def encode(self, pixels: Vectors) -> Vectors:
        """Encodes float32 `(batch, height, width, 3)` as `decode` gives them to `(batch, dimensions)` of length 1."""
        vectors: Vectors = self._encode(tf.constant(pixels)).numpy()
        return vectors

    def encode_pixels(self, pixels: tf.Tensor) -> tf.Tensor:
        """Does the same in a graph."""
        prepared = self.prepared(pixels)
        both = tf.concat([prepared, tf.reverse(prepared, axis=[2])], axis=0)
        stages = self.network(both, training=False)
        parts = [
            part for stage in (stages if isinstance(stages, list | tuple) else [stages]) for part in _pooled(stage)
        ]
        # Of a picture and its mirror image, `(2, batch, channels)`.
        pairs = [tf.reshape(tf.math.l2_normalize(part, axis=1), [2, -1, part.shape[1]]) for part in parts]
        sums = [tf.math.l2_normalize(tf.reduce_sum(pair, axis=0), axis=1) for pair in pairs]
        return tf.math.l2_normalize(tf.concat(sums, axis=1), axis=1)

    def prepared(self, pixels: tf.Tensor) -> tf.Tensor:
        """Returns pixels from 0 to 255 as the network wants them."""
        return pixels * self._scale + self._offset

    def embedder(self) -> PictureEmbedder:
        """Returns the encoder as plain TensorFlow, to be saved in a served model."""

        def encode(images: tf.Tensor) -> tf.Tensor:
            return self.encode_pixels(self._decoder.decode(images))

        return PictureEmbedder(encode, [variable.value for variable in self.network.variables])


def load_picture_encoder(options: PictureOptions) -> PictureEncoder:
    """Loads the encoder that the options name.

    Raises:
        ValueError: It is not there, or is no image backbone.
    """
    pretrained = load_pretrained_pictures(options.backbone)
    return PictureEncoder(pretrained, max_bytes=options.max_bytes, max_pixels=options.max_pixels)


def _stages(backbone: Any) -> list[Any]:
    """Returns the outputs of a backbone that are pooled, the last one last.

    The stage of a sixteenth of the size tells of shapes and patterns, the last one of what a thing is, and the last sum
    of a residual block stands between them.
    """
    stages = []
    with contextlib.suppress(AttributeError, KeyError):
        stages.append(backbone.pyramid_outputs[_PYRAMID_STAGE])
    sums = [layer.output for layer in backbone.layers if isinstance(layer, keras.layers.Add)]
    if sums and not any(sums[-1] is stage for stage in (*stages, backbone.output)):
        stages.append(sums[-1])
    return [*stages, backbone.output]


def _pooled(stage: tf.Tensor) -> list[tf.Tensor]:
    """Returns mean and maximum over all axes but the first and the last; `(batch, channels)` stays as it is."""
    if stage.shape.rank == 2:
        return [stage]
    places = list(range(1, stage.shape.rank - 1))
    return [tf.reduce_mean(stage, axis=places), tf.reduce_max(stage, axis=places)]
