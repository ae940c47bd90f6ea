"""A sample of users that is the same on every machine."""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc


def sampled_rows(user_ids: pa.ChunkedArray, sample: float) -> pa.ChunkedArray:
    """Returns a mask of the rows of the users to keep.

    A user is kept if the sha256 of the id, as a fraction, lies under `sample`; a smaller sample is thus part
    of every larger one.

    Args:
        user_ids: String column.
        sample: Share of users, over 0 and at most 1.
    """
    users = pc.unique(user_ids)
    kept = [user for user in users.to_pylist() if user is not None and _fraction(user) < sample]
    return pc.is_in(user_ids, value_set=pa.array(kept, users.type))


def _fraction(user_id: str) -> float:
    digest = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / float(1 << 48)
