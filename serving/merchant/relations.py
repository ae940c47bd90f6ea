"""Which products a merchant relates to others, in plain TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from serving.merchant.word import Relation, RelationKind

# Of more the first count.
MOST_RELATED = 20


class Related(tf.Module):
    """The products that are something to each product: its accessories, what replaces it, or its variants.

    Args:
        relations: Those of products that the catalogue lacks count for nothing.
        kind: Which of them. Of two variants each is one of the other.
        product_ids: The catalogue's.

    Attributes:
        any: Whether there are any.
    """

    def __init__(self, relations: Sequence[Relation], kind: RelationKind, product_ids: Sequence[bytes]) -> None:
        super().__init__(name=f"related_{kind}")
        place = {product_id: row for row, product_id in enumerate(product_ids)}
        related: dict[int, dict[int, None]] = {}
        for relation in relations:
            pair = place.get(relation.related_id, -1), place.get(relation.product_id, -1)
            if relation.kind == kind and min(pair) >= 0:
                for one, other in {pair, pair[::-1]} if kind == "variant" else {pair}:
                    related.setdefault(one, {})[other] = None
        self.any = bool(related)
        width = min(max(map(len, related.values()), default=0), MOST_RELATED)
        # The last row is that of products without any.
        table = np.full((len(related) + 1, width), -1, np.int32)
        row_of_product = np.full(len(product_ids) + 1, len(related), np.int32)
        for row, (product, others) in enumerate(related.items()):
            kept = list(others)[:width]
            table[row, : len(kept)] = kept
            row_of_product[product] = row
        self._table = tf.Variable(table, trainable=False, name="table")
        self._row_of_product = tf.Variable(row_of_product, trainable=False, name="row_of_product")

    def of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns int32 `(batch, n * width)` related products of int32 `(batch, n)`; -1 for none."""
        size = tf.shape(self._row_of_product)[0]
        rows = tf.gather(self._row_of_product, tf.where(products >= 0, products, size - 1))
        return tf.reshape(
            tf.gather(self._table, rows), [tf.shape(products)[0], tf.shape(products)[1] * self._table.shape[1]]
        )
