"""Products by what they are called exactly: their ids and SKUs, in plain TensorFlow ops."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.spelling import folded, readable

# Of products that share a code so many are found: those whose id it is, then those whose SKU it is.
MAX_NAMED = 100
# What may be left out of a code, or typed otherwise.
_SEPARATORS = r"[^\p{L}\p{M}\p{N}]+"
# A code that says too little without its separators: 1/2 is not product 12.
_SHORT = r"\p{Nd}{0,5}"


class NamedProducts(NamedTuple):
    """The products that a query is the code of.

    Attributes:
        products: int32 `(batch, width)`, each once a row; -1 for none. Wider by one than the row with the most.
        closeness: float32 `(batch, width)`: 2 for a code that is the query, 1 for one that is so but for case, accents
            and separators, 0 for none.
    """

    products: tf.Tensor
    closeness: tf.Tensor


class ProductCodes(tf.Module):
    """Finds products whose id or SKU a whole query is, also in other case and without hyphens, dots and blanks.

    A query that only contains a code is not looked up here: codes are often short, and words of a title too.

    Args:
        product_ids: string `(products,)`.
        skus: string `(products,)`; "" for none. Several products may share one.
    """

    def __init__(self, product_ids: tf.Variable, skus: tf.Variable) -> None:
        super().__init__(name="product_codes")
        self._product_ids, self._skus = product_ids, skus
        codes = np.concatenate([_codes(readable(names)).numpy() for names in (product_ids, skus)])
        distinct, starts, products = _groups(codes, np.tile(np.arange(len(codes) // 2, dtype=np.int32), 2))
        self._codes = IdLookup(distinct, what="code")
        # The last row is that of unknown codes, which has no products.
        self._starts = tf.Variable(np.append(starts, starts[-1]), trainable=False, name="code_starts")
        self._products = tf.Variable(np.append(products, np.int32(-1)), trainable=False, name="code_products")

    def find(self, query: tf.Tensor) -> NamedProducts:
        """Returns the products that each query is the id or the SKU of.

        Args:
            query: string `(batch,)` as `serving.graph.spelling.readable` gives it.
        """
        row = self._codes.index_of(_codes(query))
        row = tf.where(row >= 0, row, tf.shape(self._starts)[0] - 2)
        start, stop = tf.gather(self._starts, row), tf.gather(self._starts, row + 1)
        # A column more than needed, since not all ops take rows without one.
        places = start[:, tf.newaxis] + tf.range(tf.reduce_max(tf.concat([stop - start, [0]], axis=0)) + 1)
        nothing = tf.shape(self._products)[0] - 1
        products = tf.gather(self._products, tf.where(places < stop[:, tf.newaxis], places, nothing))
        known, asked = tf.maximum(products, 0), tf.strings.strip(query)[:, tf.newaxis]
        exact = (tf.gather(self._product_ids, known) == asked) | (tf.gather(self._skus, known) == asked)
        closeness = tf.where(products >= 0, tf.where(exact, 2.0, 1.0), 0.0)
        return NamedProducts(products, closeness)


def _codes(texts: tf.Tensor) -> tf.Tensor:
    """Returns what codes that are taken for one another have in common, string `(batch,)`."""
    texts = tf.strings.strip(folded(texts))
    joined = tf.strings.regex_replace(texts, _SEPARATORS, "")
    return tf.where(tf.strings.regex_full_match(joined, _SHORT), texts, joined)


def _groups(codes: np.ndarray, products: np.ndarray) -> tuple[Sequence[bytes], np.ndarray, np.ndarray]:
    """Returns the distinct codes, where the products of each start (and the last end), and these products."""
    groups: dict[bytes, dict[int, None]] = {}
    for code, product in zip(codes.tolist(), products.tolist(), strict=True):
        if code and len(group := groups.setdefault(code, {})) < MAX_NAMED:
            group[product] = None
    starts = np.cumsum([0, *map(len, groups.values())]).astype(np.int32)
    return list(groups), starts, np.array([product for group in groups.values() for product in group], np.int32)
