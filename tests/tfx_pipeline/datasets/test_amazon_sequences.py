"""Sequences become events with a position and nothing else."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.datasets import prepare_dataset


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
    (source / "sequences.parquet").write_bytes(b"text")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        prepare_dataset("amazon_sequences", tmp_path / "out", source)
    with pytest.raises(InputError, match="No file"):
        prepare_dataset("amazon_sequences", tmp_path / "out", tmp_path / "absent")
