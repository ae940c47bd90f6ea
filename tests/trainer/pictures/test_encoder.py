"""The picture encoder against Keras's own network, step by step."""

import io

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.tiny_pictures import SIZE, drawn
from trainer.options import PictureOptions
from trainer.pictures.encoder import load_picture_encoder
from trainer.pictures.folding import fold_batch_norm


@pytest.fixture(scope="module")
def encoder(tiny_backbone):
    return load_picture_encoder(PictureOptions(backbone=str(tiny_backbone), max_bytes=50_000, max_pixels=10_000))


def as_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_folding_leaves_no_normalisation_and_changes_nothing(tiny_backbone):
    backbone = keras_hub.models.Backbone.from_preset(str(tiny_backbone))
    model = keras.Model(backbone.input, backbone.output)
    folded = fold_batch_norm(model)
    assert any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    pixels = np.random.default_rng(1).normal(size=(3, SIZE, SIZE, 3)).astype(np.float32)
    np.testing.assert_allclose(folded(pixels), model(pixels, training=False), rtol=2e-3, atol=1e-3)


def unit(values):
    return values / np.linalg.norm(values)


def test_a_vector_is_made_of_the_mean_and_maximum_of_kerass_stages_mirrored_too(tiny_backbone, encoder):
    picture = as_png(np.random.default_rng(2).integers(0, 256, (SIZE, SIZE, 3), np.uint8))
    pixels = np.asarray(Image.open(io.BytesIO(picture)), np.float32)
    np.testing.assert_array_equal(encoder.decode(picture), pixels)
    backbone = keras_hub.models.Backbone.from_preset(str(tiny_backbone))
    last = [layer.output for layer in backbone.layers if isinstance(layer, keras.layers.Add)][-1]
    network = keras.Model(backbone.input, [last, backbone.output])
    seen, mirrored = (
        [np.asarray(stage)[0] for stage in network(each[np.newaxis] / 127.5 - 1.0, training=False)]
        for each in (pixels, pixels[:, ::-1])
    )
    parts = [
        unit(unit(pool(one, axis=(0, 1))) + unit(pool(other, axis=(0, 1))))
        for one, other in zip(seen, mirrored, strict=True)
        for pool in (np.mean, np.max)
    ]
    expected = unit(np.concatenate(parts))[np.newaxis]
    np.testing.assert_allclose(encoder.encode(pixels[np.newaxis]), expected, atol=1e-4)
    np.testing.assert_allclose(encoder.embedder().embed(tf.constant([picture])), expected, atol=1e-4)


def test_a_long_picture_stands_whole_on_white(encoder):
    pixels = encoder.decode(as_png(np.zeros((20, 80, 3), np.uint8)))
    assert pixels.shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(pixels[: SIZE * 3 // 8], 255.0)
    np.testing.assert_array_equal(pixels[SIZE * 3 // 8 : SIZE * 5 // 8], 0.0)


def test_what_is_transparent_is_white(encoder):
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    pixels[: SIZE // 2, :, 3] = 255
    decoded = encoder.decode(as_png(pixels))
    np.testing.assert_array_equal(decoded[: SIZE // 2], 0.0)
    np.testing.assert_array_equal(decoded[SIZE // 2 :], 255.0)


def test_no_picture_in_a_batch_is_white(encoder):
    white = as_png(np.full((SIZE, SIZE, 3), 255, np.uint8))
    vectors = encoder.embedder().embed(tf.constant([b"", white]))
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def bomb(width, height):
    """Returns a small PNG that claims to be large."""
    picture = bytearray(drawn("circle", "red"))
    picture[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(picture)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (b"GIF89a", "JPEG or a PNG"),
        (b"\x89PNG\r\n\x1a\n", "JPEG or a PNG"),
        (bomb(30_000, 30_000), "pixels"),
        (bomb(2**31, 2**31), "pixels"),
        (drawn("circle", "red") + b"\0" * 50_000, "bytes"),
        (drawn("circle", "red", size=120, form="JPEG"), "pixels"),
        (drawn("circle", "red", form="JPEG")[:300], "JPEG"),
        (drawn("circle", "red")[:100], "PNG"),
    ],
    ids=["gif", "no header", "bomb", "overflow", "bytes", "pixels", "cut jpeg", "cut png"],
)
def test_what_cannot_be_used_is_refused_before_it_is_decoded(encoder, picture, words):
    with pytest.raises(ValueError, match=words):
        encoder.decode(picture)
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        encoder.embedder().embed(tf.constant([picture]))


def test_an_unknown_backbone_is_named():
    with pytest.raises(ValueError, match=r"pictures\.backbone"):
        load_picture_encoder(PictureOptions(backbone="no_such_preset"))
