"""What the users table says of a user stands in each of the user's examples."""

import numpy as np
import pyarrow as pa

from components.events.list_columns import lists, single_values, with_attributes


def test_lists_and_single_values() -> None:
    assert lists(np.arange(5), np.array([2, 0, 3])).to_pylist() == [[0, 1], [], [2, 3, 4]]
    assert single_values(pa.array([b"a", None, b""])).to_pylist() == [[b"a"], None, [b""]]


def test_attributes_are_looked_up_by_user() -> None:
    examples = pa.table({"user_id": pa.array([b"u2", b"new", b"u1"]), "label": [[1], [2], [3]]})
    users = pa.table(
        {
            "user_id": pa.array([b"u1", b"u2"]),
            "city": pa.array([b"Bern", None]),
            "age": [30.5, 40.0],
            "vector": pa.array([[1.0], [2.0]], pa.list_(pa.float32())),
        }
    )
    assert with_attributes(examples, users).to_pydict() == {
        "user_id": [[b"u2"], [b"new"], [b"u1"]],
        "label": [[1], [2], [3]],
        "attribute_city": [None, None, [b"Bern"]],
        "attribute_age": [[b"40"], None, [b"30.5"]],
    }
    assert with_attributes(examples, None).column_names == ["user_id", "label"]
