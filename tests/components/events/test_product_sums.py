"""Sums of products are those of plain counters, in however many parts they come."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.events.product_sums import SumByProduct
from components.tables.read_back import from_bytes, to_bytes
from tests.components.events.plain_histories import WEIRD_IDS

ROWS = st.lists(st.tuples(st.sampled_from(WEIRD_IDS), st.integers(-5, 5)), max_size=6)


def stream(rows: list[tuple[bytes, int]]) -> bytes:
    ids, numbers = pa.array([row[0] for row in rows], pa.binary()), [row[1] for row in rows]
    halves = pa.array([number / 2 for number in numbers], pa.float64())
    return to_bytes(pa.table({"product_id": ids, "number": pa.array(numbers, pa.int64()), "half": halves}))


@settings(deadline=None)
@given(parts=st.lists(st.lists(ROWS, max_size=20), min_size=1, max_size=4))
def test_sums_are_those_of_counters(parts: list[list[list[tuple[bytes, int]]]]) -> None:
    """Each part is what one worker adds up: more streams than are added at once, or none."""
    combine = SumByProduct()
    accumulators, numbers = [], Counter()
    for part in parts:
        accumulator = combine.create_accumulator()
        for rows in part:
            accumulator = combine.add_input(accumulator, stream(rows))
            for product, number in rows:
                numbers[product] += number
        accumulators.append(accumulator)
    found = combine.extract_output(combine.merge_accumulators(accumulators))
    if found is None:
        assert not any(parts)
        return
    rows = {row["product_id"]: (row["number"], row["half"]) for row in from_bytes(found).to_pylist()}
    assert rows == {product: (number, pytest.approx(number / 2)) for product, number in numbers.items()}
