"""The digest of a table: its content counts, and nothing else."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.tables.sources import TableSource
from tfx_pipeline.shop.digests import digest_sources


def _digest(folder: Path, *sources: Mapping[str, Any]) -> str:
    return digest_sources("events", [TableSource.model_validate(source).at(str(folder)) for source in sources])


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_and_a_folder_by_hand(tmp_path: Path) -> None:
    parts = [_write(tmp_path / "e" / f"{name}.csv", name) for name in ("a", "b")]
    _write(tmp_path / "e" / "_SUCCESS", "")
    inner = [hashlib.sha256(part.read_bytes()).digest() for part in parts]
    assert _digest(tmp_path, {"path": "e/a.csv"}) == hashlib.sha256(inner[0]).hexdigest()
    both = hashlib.sha256(b"".join(inner)).hexdigest()
    assert _digest(tmp_path, {"path": "e"}) == _digest(tmp_path, {"path": "e/*.csv"}) == both
    parts[0].rename(tmp_path / "e" / "a0.csv")
    assert _digest(tmp_path, {"path": "e"}) == both


def test_a_file_that_is_delivered_twice_counts_once(tmp_path: Path) -> None:
    _write(tmp_path / "e" / "b.csv", "x")
    _write(tmp_path / "e" / "c.csv", "y")
    before = _digest(tmp_path, {"path": "e"})
    _write(tmp_path / "e" / "d.csv", "x")
    assert _digest(tmp_path, {"path": "e"}) == before
    _write(tmp_path / "e" / "dt=1" / "b.csv", "x")
    assert _digest(tmp_path, {"path": "e"}) != before


def test_the_value_that_a_folder_of_hive_stands_for_counts(tmp_path: Path) -> None:
    _write(tmp_path / "e" / "dt=1" / "a.csv", "x")
    before = _digest(tmp_path, {"path": "e"})
    (tmp_path / "e" / "dt=1").rename(tmp_path / "e" / "dt=2")
    assert _digest(tmp_path, {"path": "e"}) != before


@pytest.mark.parametrize("changed", ["items.csv", "orders.csv", "ids.csv", "till.csv"])
def test_all_that_is_read_counts(tmp_path: Path, changed: str) -> None:
    for name in ("items.csv", "orders.csv", "ids.csv", "till.csv", "other.csv"):
        _write(tmp_path / name, name)
    join = {"path": "orders.csv", "on": "order"}
    items: dict[str, Any] = {"path": "items.csv", "join": join, "same_ids": {"product_id": "ids.csv"}}
    sources = (items, {"path": "till.csv"})
    before = _digest(tmp_path, *sources)
    _write(tmp_path / "other.csv", "changed")
    assert _digest(tmp_path, *sources) == before
    _write(tmp_path / changed, "changed")
    assert _digest(tmp_path, *sources) != before


def test_a_joined_file_that_is_not_there(tmp_path: Path) -> None:
    _write(tmp_path / "items.csv", "x")
    with pytest.raises(InputError, match=r"nothing is at `.*orders\.csv`"):
        _digest(tmp_path, {"path": "items.csv", "join": {"path": "orders.csv", "on": "order"}})
