"""Which pins hold for a request, in plain TensorFlow ops."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.merchant.word import BANNED, Pin

_QUERY, _CATEGORY, _ANYWHERE = b"query\0", b"category\0", b"anywhere"


class HoldingPins(NamedTuple):
    """The pins that hold for requests.

    Attributes:
        products: int32 `(batch, width)`; -1 for none.
        places: int32 `(batch, width)`: from 1 on, or `BANNED`.
    """

    products: tf.Tensor
    places: tf.Tensor

    @classmethod
    def none(cls, batch: tf.Tensor) -> "HoldingPins":
        """Returns that of requests for which none holds; `batch` is an int32 scalar."""
        return cls(tf.zeros([batch, 0], tf.int32), tf.zeros([batch, 0], tf.int32))

    @classmethod
    def spec(cls) -> "HoldingPins":
        """Returns the kinds of its tensors, as `tf.function` takes them."""
        return cls(tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.int32))

    @property
    def banned(self) -> tf.Tensor:
        """Products that may not be there, int32 `(batch, width)`; -1 for none."""
        return tf.where(self.places == BANNED, self.products, -1)

    @property
    def pinned(self) -> tf.Tensor:
        """Products that have a place, int32 `(batch, width)`; -1 for none."""
        return tf.where(self.places != BANNED, self.products, -1)


class PinBoard(tf.Module):
    """Knows the pins, and which of them hold now.

    Args:
        pins: The pins; those of products that the catalogue lacks hold for nothing.
        queries: bytes, one a pin: its query as requests are compared by; b"" for any.
        product_ids: The catalogue's.
    """

    def __init__(self, pins: Sequence[Pin], queries: Sequence[bytes], product_ids: Sequence[bytes]) -> None:
        super().__init__(name="pin_board")
        place = {product_id: row for row, product_id in enumerate(product_ids)}
        scopes: dict[bytes, list[Pin]] = {}
        for pin, query in zip(pins, queries, strict=True):
            if pin.product_id in place:
                scope = _QUERY + query if query else _CATEGORY + pin.category.encode() if pin.category else _ANYWHERE
                scopes.setdefault(scope, []).append(pin)
        self.any = bool(scopes)
        width = max(map(len, scopes.values()), default=0)
        # The last row is that of requests without a pin.
        shape = (len(scopes) + 1, width)
        products, places = np.full(shape, -1, np.int32), np.zeros(shape, np.int32)
        times = np.zeros((*shape, 2))
        for row, each in enumerate(scopes.values()):
            products[row, : len(each)] = [place[pin.product_id] for pin in each]
            places[row, : len(each)] = [pin.place for pin in each]
            times[row, : len(each)] = [(pin.start, pin.end) for pin in each]
        self._scopes = IdLookup(list(scopes), what="scope of pins")
        self._products = tf.Variable(products, trainable=False, name="products")
        self._places = tf.Variable(places, trainable=False, name="places")
        self._times = tf.Variable(times, trainable=False, name="times")

    def holding(self, query: tf.Tensor, category: tf.Tensor) -> HoldingPins:
        """Returns the pins that hold now, those of the query first, then those of the category.

        Args:
            query: string `(batch,)` as requests are compared by; "" for none.
            category: string `(batch,)` that is filtered by; "" for none.
        """
        scopes = tf.stack(
            [
                tf.strings.join([_QUERY, query]),
                tf.strings.join([_CATEGORY, tf.strings.strip(category)]),
                tf.fill(tf.shape(query), _ANYWHERE),
            ],
            axis=1,
        )
        row = self._scopes.index_of(scopes)
        row = tf.where(row >= 0, row, tf.shape(self._products)[0] - 1)
        now = tf.timestamp()
        times = tf.gather(self._times, row)
        holds = (times[..., 0] <= now) & (now < times[..., 1])
        shape = [tf.shape(query)[0], 3 * self._products.shape[1]]
        products = tf.where(holds, tf.gather(self._products, row), -1)
        return HoldingPins(tf.reshape(products, shape), tf.reshape(tf.gather(self._places, row), shape))
