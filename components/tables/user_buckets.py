"""Rows dealt out to buckets by their users, so that all rows of a user can be handled together, in memory."""

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import BASKET_ID, USER_ID
from components.tables.read_back import to_bytes

_IntArray = npt.NDArray[np.int64]


def split_by_user(table: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream of the rows of the users in it) for each bucket that has any.

    Rows of guests, who have no user_id, are dealt out by their basket_id.

    Args:
        table: With a column user_id (binary), and a basket_id where that may be null.
        buckets: How many buckets there are.
    """
    guests = table[USER_ID].null_count > 0
    yield from split_by_bucket(table, buckets_of(table[USER_ID], table[BASKET_ID] if guests else None, buckets))


def split_by_bucket(table: pa.Table, bucket: _IntArray) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream of its rows) for each bucket that has any; `bucket` is `(rows,)`."""
    if not len(table):
        return
    order = np.argsort(bucket, kind="stable")
    numbers, starts = np.unique(bucket[order], return_index=True)
    ordered = table.take(pa.array(order)).combine_chunks()
    for number, start, end in zip(numbers.tolist(), starts, [*starts[1:], len(order)], strict=True):
        yield number, to_bytes(ordered.slice(start, end - start))


def buckets_of(users: pa.ChunkedArray, baskets: pa.ChunkedArray | None, buckets: int) -> _IntArray:
    """Returns the bucket of each row, `(rows,)`: that of its user, or of its basket where it has no user.

    Args:
        users: binary.
        baskets: binary; None where each row has a user.
        buckets: How many buckets there are.
    """
    keys = users if baskets is None else pc.coalesce(users, baskets.cast(users.type))
    encoded = pc.fill_null(keys.combine_chunks(), b"").dictionary_encode()
    bucket_of_key = np.array([user_bucket(key, buckets) for key in encoded.dictionary.to_pylist()], dtype=np.int64)
    bucket: _IntArray = bucket_of_key[encoded.indices.to_numpy()]
    return bucket


def user_bucket(user_id: bytes, buckets: int) -> int:
    """Returns the bucket of a user: sha256 of the id modulo the number of buckets, the same in every run."""
    return int.from_bytes(hashlib.sha256(user_id).digest()[:8], "big") % buckets
