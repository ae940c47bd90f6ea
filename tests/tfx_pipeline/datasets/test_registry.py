"""Tables get into a folder whole or not at all, and a bad request is told apart from a broken program."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.datasets import registry


def _write_events(out, source, sample):
    pq.write_table(pa.table({"user_id": ["u"]}), out / "events.parquet")


def _write_half_and_fail(out, source, sample):
    pq.write_table(pa.table({"user_id": ["other"]}), out / "events.parquet")
    raise OSError("No space left on device")


def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "DATASETS", {"good": _write_events, "bad": _write_half_and_fail})
    (tmp_path / "products.parquet").write_bytes(b"of an earlier data set")
    (tmp_path / "config.yaml").write_text("mine")
    assert registry.prepare_dataset("good", tmp_path) == {"events": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "events.parquet"]
    with pytest.raises(OSError, match="No space left"):
        registry.prepare_dataset("bad", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "events.parquet"]
    assert pq.read_table(tmp_path / "events.parquet")["user_id"].to_pylist() == ["u"]


@pytest.mark.parametrize(
    ("name", "sample", "message"),
    [
        ("nothing", 1.0, "no data set `nothing`; expected one of amazon_sequences, bitext_intents, "),
        ("complete_journey", 0.0, "over 0 and at most 1"),
        ("complete_journey", 1.5, "over 0 and at most 1"),
        ("synthetic", float("nan"), "over 0"),
        ("amazon_sequences", 1.0, "needs `--source`"),
    ],
)
def test_bad_requests(tmp_path, name, sample, message):
    with pytest.raises(InputError, match=message):
        registry.prepare_dataset(name, tmp_path / "out", None, sample)


def test_out_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="should be a folder"):
        registry.prepare_dataset("synthetic", tmp_path / "file")
