"""From ids to numbers, inside the graph."""

from collections.abc import Sequence

import tensorflow as tf


class IdLookup(tf.Module):
    """Finds the place of an id in a list.

    The ids live in the graph as a tensor, not in a vocabulary file of one id a line, so that an id may hold any bytes,
    line breaks and NUL among them.

    Args:
        ids: Distinct ids, none of them empty.
        what: What an id names, for error messages.

    Raises:
        ValueError: An id is empty or there twice.
    """

    def __init__(self, ids: Sequence[bytes], what: str = "id") -> None:
        super().__init__(name="id_lookup")
        if len(set(ids)) != len(ids):
            raise ValueError(f"Every {what} must be there once, but {len(ids) - len(set(ids))} of them are repeated.")
        if b"" in ids:
            raise ValueError(f"A {what} must not be empty: the empty string stands for padding.")
        self._table = tf.lookup.StaticHashTable(
            # The padding is an entry too: a table must not be empty, as one of no categories would be.
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([*ids, b""]), tf.constant([*range(len(ids)), -1], tf.int64)
            ),
            default_value=-1,
        )

    def index_of(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns int32 places of string `ids` of any shape; -1 for the empty string and for what is unknown."""
        return tf.cast(self._table.lookup(ids), tf.int32)
