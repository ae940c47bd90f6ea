"""Columns of lists, which become the features of tf.Examples."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import IntArray
from trainer.artifacts.names import ATTRIBUTE_PREFIX


def lists(values: npt.NDArray[np.int64] | npt.NDArray[np.float32], lengths: IntArray) -> pa.ListArray:
    """Returns an Arrow array of lists that holds `values` cut into pieces of `lengths`."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def single_values(column: pa.Array) -> pa.ListArray:
    """Returns lists of one value, null where the value is."""
    missing = column.is_null()
    lengths = np.where(missing.to_numpy(zero_copy_only=False), 0, 1)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, column.drop_null(), mask=missing)


def with_attributes(examples: pa.Table, users: pa.Table | None) -> pa.Table:
    """Makes lists of the user ids, and adds what the users table says of each user.

    Args:
        examples: A column user_id (binary) first, then columns of lists.
        users: The users table with plain columns, or None where there is none.

    Returns:
        Columns of lists: those of `examples`, and `attribute_NAME` (binary) for each column of the users table that
        holds single values; null where it is unknown.
    """
    encoded = {"user_id": single_values(examples["user_id"].combine_chunks())}
    for name in examples.column_names[1:]:
        encoded[name] = examples[name]
    if users is not None and len(examples):
        place = pc.index_in(examples["user_id"].combine_chunks(), value_set=users["user_id"].combine_chunks())
        for name in users.column_names:
            column = users[name].combine_chunks()
            if name == "user_id" or pa.types.is_list(column.type):
                continue
            if not pa.types.is_binary(column.type):
                column = column.cast(pa.string()).cast(pa.binary())
            encoded[f"{ATTRIBUTE_PREFIX}{name}"] = single_values(column.take(place))
    return pa.table(encoded)
