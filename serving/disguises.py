"""Texts as people read them, where letters were disguised to get past a model; plain TensorFlow ops."""

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

# Letters of other scripts that nobody tells from Latin ones, of those that fonts draw alike (Unicode Technical Standard
# 39 lists all of them).
LOOKALIKES = {
    **dict(zip("аеіјорсухѕһԁԛԝӏвкмнт", "aeijopcyxshdqwlbkmht", strict=True)),
    **dict(zip("АВЕЅІЈКМНОРСТУХԚԜ", "ABESIJKMHOPCTYXQW", strict=True)),
    **dict(zip("αιοκνρυχγ", "aiokvpuxy", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("ɑɡıօսհ", "agiouh", strict=True)),
}
_TABLE = np.arange(max(map(ord, LOOKALIKES)) + 1, dtype=np.int32)
_TABLE[[ord(letter) for letter in LOOKALIKES]] = [ord(letter) for letter in LOOKALIKES.values()]
# Greek, Cyrillic and Armenian.
_OTHER_SCRIPTS = (0x370, 0x58F)
_SPACE = ord(" ")


def undisguised(texts: tf.Tensor) -> tf.Tensor:
    """Returns texts in normal form NFKC, with Latin letters for such as look like them, and nothing drawn out.

    Of a letter that stands three times in a row or oftener two are kept; the spaces between three single letters or
    more go, so that `s p e l l e d` is a word. Look-alikes are taken for Latin letters only in a text that has more
    Latin letters than Greek, Cyrillic or Armenian ones that look like none: what is really written in such a script
    stays as it is. Doing it twice does no more than doing it once.

    Args:
        texts: string `(batch,)`, as `serving.graph.spelling.readable` returns them.
    """
    texts = tf_text.normalize_utf8(texts, "NFKC")
    points = tf.strings.unicode_decode(texts, "UTF-8").to_tensor(0)
    points = _latin_for_lookalikes(points)
    points = _kept(points, ~_between_single_letters(points))
    points = _kept(points, ~_third_in_a_row(points))
    return tf.strings.unicode_encode(tf.ragged.boolean_mask(points, points > 0), "UTF-8")


def _latin_for_lookalikes(points: tf.Tensor) -> tf.Tensor:
    plain = tf.where(points < len(_TABLE), tf.gather(_TABLE, tf.minimum(points, len(_TABLE) - 1)), points)
    low, high = _OTHER_SCRIPTS
    foreign = (points >= low) & (points <= high) & (plain == points)
    latin = _is_latin(points)
    count = [tf.reduce_sum(tf.cast(each, tf.int32), axis=1, keepdims=True) for each in (latin, foreign)]
    return tf.where(count[0] > count[1], plain, points)


def _third_in_a_row(points: tf.Tensor) -> tf.Tensor:
    return _is_latin(points) & (points == _shifted(points, 1)) & (points == _shifted(points, 2))


def _between_single_letters(points: tf.Tensor) -> tf.Tensor:
    """Says which spaces stand between single letters of which there are three or more."""
    gap = (points == _SPACE) | (points == 0)
    single = _is_latin(points) & _shifted(gap, 1, fill=True) & _shifted(gap, -1, fill=True)
    pair = (points == _SPACE) & _shifted(single, 1) & _shifted(single, -1)
    # A pair beside another one: three letters.
    return pair & (_shifted(pair, 2) | _shifted(pair, -2))


def _is_latin(points: tf.Tensor) -> tf.Tensor:
    basic = ((points >= ord("a")) & (points <= ord("z"))) | ((points >= ord("A")) & (points <= ord("Z")))
    return basic | ((points >= 0xC0) & (points <= 0x24F))


def _kept(points: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    return tf.ragged.boolean_mask(points, chosen).to_tensor(0)


def _shifted(values: tf.Tensor, by: int, fill: bool | int = 0) -> tf.Tensor:
    """Returns at each place the value so many places before it."""
    width = tf.shape(values)[1]
    before, after = max(by, 0), max(-by, 0)
    padded = tf.pad(values, [[0, 0], [before, after]], constant_values=fill if values.dtype != tf.bool else bool(fill))
    return padded[:, after : after + width]
