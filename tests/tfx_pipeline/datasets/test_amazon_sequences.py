"""Sequences become events with a position and nothing else."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.amazon_sequences import ATTRIBUTE_NAMES


def _write(folder, **columns):
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / "sequences.parquet")
    return folder


def test_rows(tmp_path):
    source = _write(
        tmp_path / "source",
        user_id=pa.array(["b", "a", "a"], pa.large_string()),
        product_id=pa.array(["p\n1", "p2", "p\n1"], pa.large_string()),
        position=[0, 1, 0],
    )
    assert prepare_dataset("amazon_sequences", tmp_path / "out", source) == {"events": 3}
    assert pq.read_table(tmp_path / "out" / "events.parquet").to_pylist() == [
        {"user_id": "a", "product_id": "p\n1", "event_type": "purchase", "position": 0},
        {"user_id": "a", "product_id": "p2", "event_type": "purchase", "position": 1},
        {"user_id": "b", "product_id": "p\n1", "event_type": "purchase", "position": 0},
    ]


def test_attributes_become_products(tmp_path):
    source = _write(tmp_path / "source", user_id=["a"], product_id=["new"], position=[0])
    attributes = {"p1": [7, 3], "p2": [3], "p3": [3, 7, 1, 2, 4, 5, 6], "p4": None}
    pq.write_table(
        pa.table({"product_id": list(attributes), "attribute_ids": list(attributes.values())}),
        source / "attributes.parquet",
    )
    assert prepare_dataset("amazon_sequences", tmp_path / "out", source) == {"events": 1, "products": 5}
    rows = pq.read_table(tmp_path / "out" / "products.parquet").to_pylist()
    assert [row["product_id"] for row in rows] == ["new", "p1", "p2", "p3", "p4"]
    assert [row["category"] for row in rows] == ["", "3 > 7", "3", "3 > 7 > 1 > 2 > 4 > 5 > 6", ""]
    spread = [[row[name] for name in ATTRIBUTE_NAMES] for row in rows]
    assert spread == [
        [None] * 5,
        ["3", "7", None, None, None],
        ["3"] + [None] * 4,
        ["3", "7", "1", "2", "6"],
        [None] * 5,
    ]


def test_a_sample_keeps_whole_users_and_is_part_of_a_larger_one(tmp_path):
    users = [f"u{n}" for n in range(400) for _ in range(3)]
    source = _write(tmp_path / "source", user_id=users, product_id=["p"] * 1200, position=[0, 1, 2] * 400)
    kept = []
    for sample in (0.1, 0.5):
        prepare_dataset("amazon_sequences", tmp_path / "out", source, sample)
        column = pq.read_table(tmp_path / "out" / "events.parquet")["user_id"].to_pylist()
        kept.append(set(column))
        assert len(column) == 3 * len(kept[-1])
        assert abs(len(kept[-1]) / 400 - sample) < 0.1
    assert kept[0] < kept[1]


def test_what_is_not_a_sequence_file(tmp_path):
    source = _write(tmp_path / "source", user_id=["u"], item=["p"])
    with pytest.raises(InputError, match=r"lacks `product_id`, `position`; expected columns .* found user_id, item"):
        prepare_dataset("amazon_sequences", tmp_path / "out", source)
    _write(source, user_id=["u"], product_id=["p"], position=[0])
    pq.write_table(pa.table({"product_id": ["p"]}), source / "attributes.parquet")
    with pytest.raises(
        InputError, match=r"attributes.parquet` should be Parquet with the columns product_id, attribute_ids"
    ):
        prepare_dataset("amazon_sequences", tmp_path / "out", source)
    (source / "sequences.parquet").write_bytes(b"text")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        prepare_dataset("amazon_sequences", tmp_path / "out", source)
    with pytest.raises(InputError, match="No file"):
        prepare_dataset("amazon_sequences", tmp_path / "out", tmp_path / "absent")
