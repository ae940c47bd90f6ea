"""Users are dealt to buckets by sha256, and batches survive the way through Beam."""

import pyarrow as pa

from components.tables.read_back import bucket_count, concatenated, from_bytes
from components.tables.reading.plain_columns import plain_columns
from components.tables.user_buckets import split_by_user
from tests.components.events.plain_histories import WEIRD_IDS, digest


def test_split_by_user():
    users = [user for user in WEIRD_IDS for _ in range(3)]
    table = pa.table({"user_id": pa.array(users, pa.binary()), "place": list(range(len(users)))})
    found = dict(split_by_user(table, 4))
    assert list(found) == sorted({digest(user) % 4 for user in WEIRD_IDS})
    for bucket, stream in found.items():
        expected = [n for n, user in enumerate(users) if digest(user) % 4 == bucket]
        assert from_bytes(stream)["place"].to_pylist() == expected
    assert len(concatenated(found.values())) == len(users)
    assert list(split_by_user(table.slice(0, 0), 4)) == []
    assert concatenated([]) is None


def test_bucket_count_grows_with_the_rows():
    assert [bucket_count(rows) for rows in (0, 1, 100_000, 100_001, 1_469_307)] == [1, 1, 1, 2, 15]


def test_plain_columns():
    batch = pa.record_batch(
        {
            "all": pa.array([[1], [2], [3]]),
            "some": pa.array([[b"x"], None, [b"y"]]),
            "odd": pa.array([[], [5, 6], None], pa.list_(pa.int64())),
            "none": pa.array([None, None, None], pa.list_(pa.binary())),
            "plain": [1.5, None, 2.5],
        }
    )
    for part in (batch, batch.slice(1)):
        plain = plain_columns(part).to_pydict()
        start = 3 - len(part)
        assert plain == {
            "all": [1, 2, 3][start:],
            "some": [b"x", None, b"y"][start:],
            "odd": [None, 5, None][start:],
            "none": [None, None, None][start:],
            "plain": [1.5, None, 2.5][start:],
        }


def test_guests_are_dealt_out_by_their_baskets():
    baskets = [b"1", b"2", b"3", b"2", b"4", b"x"]
    table = pa.table(
        {"user_id": pa.array([None] * 5 + [b"u"], pa.binary()), "basket_id": pa.array(baskets, pa.binary())}
    )
    found = {bucket: from_bytes(stream)["basket_id"].to_pylist() for bucket, stream in split_by_user(table, 3)}
    keys = [*baskets[:5], b"u"]
    assert found == {
        bucket: [basket for basket, key in zip(baskets, keys, strict=True) if digest(key) % 3 == bucket]
        for bucket in {digest(key) % 3 for key in keys}
    }
