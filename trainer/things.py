"""Which products an answer counts as one thing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import tensorflow as tf
import tensorflow_text as tf_text

from serving.graph.spelling import readable
from trainer.exporting import byte_strings
from trainer.options import BY_TITLE, NOT_COLLAPSED

_SPACES = " +"


def things_of(catalogue: pa.Table, collapse: str) -> npt.NDArray[np.int32]:
    """Numbers the things of a catalogue.

    Args:
        catalogue: Column title, or the one that is named.
        collapse: `title`: products whose titles people see as one are one thing. `none`: every product is a thing.
            Otherwise the name of a column: products with the same value are one thing. An empty title or value stands
            alone.

    Returns:
        int32 `(products,)`, from 0 on, in order of first appearance.
    """
    if collapse == NOT_COLLAPSED:
        return np.arange(len(catalogue), dtype=np.int32)
    names = byte_strings(catalogue[collapse])
    if collapse == BY_TITLE:
        names = seen_titles(names)
    # No name is a number.
    keys = pd.Series([name or row for row, name in enumerate(names)], dtype=object)
    return pd.factorize(keys)[0].astype(np.int32)


def seen_titles(titles: Sequence[bytes]) -> list[bytes]:
    """Returns what titles that people see as one have in common, as UTF-8.

    Differences that are not seen, or not as a difference, are taken away: kinds and runs of spaces, characters of no
    width, composed or decomposed and full-width letters (normal form NFKC), and case. Accents tell titles apart.
    """
    folded = tf_text.case_fold_utf8(readable(tf.constant(list(titles), tf.string, [len(titles)])))
    seen: list[bytes] = tf.strings.strip(tf.strings.regex_replace(folded, _SPACES, " ")).numpy().tolist()
    return seen
