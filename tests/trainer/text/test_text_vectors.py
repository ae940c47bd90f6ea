"""The vectors of texts, out of the files that hold each distinct text once."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.text.text_vectors import load_text_vectors

VECTORS = {"milk": [1.0, 2.0], "bread": [3.0, 4.0], "茶": [5.0, 6.0]}


@pytest.fixture
def artifact(tmp_path: Path) -> str:
    """Two files, as two workers write them."""
    for number, texts in enumerate((["milk"], ["bread", "茶"])):
        table = pa.table({"text": texts, "vector": pa.array([VECTORS[text] for text in texts], pa.list_(pa.float32()))})
        pq.write_table(table, tmp_path / f"vectors-{number:05d}-of-00002.parquet")
    return str(tmp_path)


def test_texts_come_in_the_order_asked_and_the_empty_one_is_zero(artifact: str) -> None:
    asked = ["茶", "", "milk", "茶"]
    found = load_text_vectors(artifact, asked)
    assert found.dtype == np.float32
    assert found.tolist() == [VECTORS.get(text, [0.0, 0.0]) for text in asked]


def test_a_text_without_vector_is_named(artifact: str) -> None:
    with pytest.raises(ValueError, match="There is none for 'coffee'"):
        load_text_vectors(artifact, ["milk", "coffee"])
