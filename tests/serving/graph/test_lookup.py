"""Any bytes are an id, and stay one through a SavedModel."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.lookup import IdLookup


class Finder(tf.Module):
    """A lookup behind a function that can be saved."""

    def __init__(self, ids: list[bytes]) -> None:
        super().__init__()
        self.lookup = IdLookup(ids)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def find(self, ids: tf.Tensor) -> tf.Tensor:
        return self.lookup.index_of(ids)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), unique=True, min_size=1, max_size=12), st.binary(max_size=20))
def test_any_bytes_are_found(ids: list[bytes], other: bytes) -> None:
    found = IdLookup(ids).index_of(tf.constant([*ids, other, b""]))
    expected = [*range(len(ids)), ids.index(other) if other in ids else -1, -1]
    np.testing.assert_array_equal(found, expected)


def test_a_large_list_of_odd_ids_survives_a_reload(tmp_path: Path) -> None:
    ids = [b"\xff\0%d\n" % number for number in range(200_000)]
    tf.saved_model.save(Finder(ids), str(tmp_path))
    asked = [*ids[::1000], b"", b"unknown", b"\xff\x00" + b"7\n\x00"]
    np.testing.assert_array_equal(
        tf.saved_model.load(str(tmp_path)).find(tf.constant(asked)), [*range(0, 200_000, 1000), -1, -1, -1]
    )


@pytest.mark.parametrize(("ids", "message"), [([b"a", b"a"], "repeated"), ([b"a", b""], "must not be empty")])
def test_bad_ids_are_refused(ids: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IdLookup(ids)
