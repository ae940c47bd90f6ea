"""Inputs put together and outputs taken apart, beside plain concatenation."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serving.server.batching.batch_tensors import merge_inputs, split_outputs


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 4))
def test_a_merged_and_split_batch_is_what_went_in(rows: list[int], surplus: int) -> None:
    requests = [
        {
            "x": np.arange(count * 3, dtype=np.float32).reshape(count, 3) + 100 * index,
            "name": np.array([f"{index} {row}".encode() for row in range(count)], object),
        }
        for index, count in enumerate(rows)
    ]
    padded_rows = sum(rows) + surplus if sum(rows) else 0
    merged = merge_inputs(requests, padded_rows, pad_variable_length_inputs=False)
    assert len(merged["x"]) == len(merged["name"]) == padded_rows
    if padded_rows:
        source = next(request for request in reversed(requests) if len(request["x"]))
        assert all(name == source["name"][0] for name in merged["name"][sum(rows) :])
    for part, request in zip(split_outputs(merged, rows, padded_rows), requests, strict=True):
        np.testing.assert_array_equal(part["x"], request["x"])
        assert part["name"].tolist() == request["name"].tolist()
        assert part["x"].dtype == np.float32


def test_narrow_inputs_are_made_as_large_as_the_largest_in_each_dimension() -> None:
    requests = [{"x": np.ones((1, 1, 3), np.int32)}, {"x": np.full((2, 2, 1), 7, np.int32)}]
    merged = merge_inputs(requests, 3, pad_variable_length_inputs=True)["x"]
    assert merged.shape == (3, 2, 3)
    np.testing.assert_array_equal(merged[0], np.ones((2, 3)))
    np.testing.assert_array_equal(merged[1:], np.full((2, 2, 3), 7))
