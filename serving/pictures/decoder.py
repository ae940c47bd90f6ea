"""JPEG and PNG bytes to pixels inside a served graph; what is no picture, or too large a one, is refused unread."""

import tensorflow as tf

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Signature, length and type of the first chunk, then width and height (PNG specification, 11.2.1).
_PNG_HEADER_BYTES = 24

NOT_A_PICTURE = "image should be the bytes of a JPEG or a PNG"
TOO_LARGE = "image should have fewer bytes or pixels than the limits of the model"


class PictureDecoder(tf.Module):
    """Decodes pictures to one size.

    A picture is shrunk to fit and stands in the middle of white, as most pictures of products do. What is transparent
    becomes white too. How a camera was turned (EXIF) is not read.

    Args:
        height: Of what comes out.
        width: Likewise.
        max_bytes: Size of a picture at the most.
        max_pixels: Its width times height at the most, by its header.
    """

    def __init__(self, height: int, width: int, *, max_bytes: int, max_pixels: int) -> None:
        super().__init__(name="picture_decoder")
        self._height, self._width = height, width
        self._max_bytes, self._max_pixels = max_bytes, max_pixels

    def decode(self, images: tf.Tensor) -> tf.Tensor:
        """Decodes string `(batch,)` to float32 `(batch, height, width, 3)` from 0 to 255; "" is all white.

        Raises:
            tf.errors.InvalidArgumentError: A picture is none, is broken, or is too large.
        """
        return tf.map_fn(
            self._decode_or_white,
            images,
            fn_output_signature=tf.TensorSpec([self._height, self._width, 3], tf.float32),
        )

    def decode_one(self, image: tf.Tensor) -> tf.Tensor:
        """Decodes a string scalar to float32 `(height, width, 3)`; raises what `decode` does."""
        is_png = tf.strings.substr(image, 0, len(_PNG)) == _PNG
        is_jpeg = tf.strings.substr(image, 0, len(_JPEG)) == _JPEG
        small = tf.strings.length(image) <= self._max_bytes
        with tf.control_dependencies(
            [
                tf.debugging.Assert(is_png | is_jpeg, [NOT_A_PICTURE]),
                tf.debugging.Assert(small, [TOO_LARGE, self._max_bytes, "bytes"]),
            ]
        ):
            pixels = tf.cond(is_png, lambda: _png_pixels(image), lambda: _jpeg_pixels(image))
        with tf.control_dependencies(
            [tf.debugging.Assert(pixels <= self._max_pixels, [TOO_LARGE, self._max_pixels, "pixels"])]
        ):
            return tf.cond(is_png, lambda: self._fit_png(image), lambda: self._fit_jpeg(image))

    def _decode_or_white(self, image: tf.Tensor) -> tf.Tensor:
        white = tf.fill([self._height, self._width, 3], 255.0)
        return tf.cond(tf.equal(image, ""), lambda: white, lambda: self.decode_one(image))

    def _fit_jpeg(self, image: tf.Tensor) -> tf.Tensor:
        return self._fit(tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE"))

    def _fit_png(self, image: tf.Tensor) -> tf.Tensor:
        # Small before it becomes floats, of which a large picture would be four times as many bytes.
        fitted = self._shrink(tf.io.decode_png(image, channels=4))
        opacity = fitted[..., 3:] / 255.0
        return self._on_white(255.0 - (255.0 - fitted[..., :3]) * opacity)

    def _fit(self, pixels: tf.Tensor) -> tf.Tensor:
        return self._on_white(self._shrink(pixels))

    def _shrink(self, pixels: tf.Tensor) -> tf.Tensor:
        shrunk = tf.image.resize(
            pixels, [self._height, self._width], method="bicubic", preserve_aspect_ratio=True, antialias=True
        )
        # Bicubic interpolation goes beyond what it is given.
        return tf.clip_by_value(shrunk, 0.0, 255.0)

    def _on_white(self, pixels: tf.Tensor) -> tf.Tensor:
        missing = [self._height, self._width] - tf.shape(pixels)[:2]
        before = missing // 2
        paddings = tf.stack([before, missing - before], axis=1)
        padded = tf.pad(pixels, tf.concat([paddings, [[0, 0]]], axis=0), constant_values=255.0)
        return tf.ensure_shape(padded, [self._height, self._width, 3])


def _png_pixels(image: tf.Tensor) -> tf.Tensor:
    whole = tf.strings.length(image) >= _PNG_HEADER_BYTES
    with tf.control_dependencies([tf.debugging.Assert(whole, [NOT_A_PICTURE])]):
        sizes = tf.cast(tf.io.decode_raw(tf.strings.substr(image, 16, 8), tf.uint8), tf.int64)
    height_and_width = tf.reduce_sum(tf.reshape(sizes, [2, 4]) * [1 << 24, 1 << 16, 1 << 8, 1], axis=1)
    return height_and_width[0] * height_and_width[1]


def _jpeg_pixels(image: tf.Tensor) -> tf.Tensor:
    shape = tf.io.extract_jpeg_shape(image, output_type=tf.int32)
    return tf.reduce_prod(tf.cast(shape[:2], tf.int64))
