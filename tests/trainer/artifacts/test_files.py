"""What is written to artifacts is read back, and by other readers too."""

import json
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.artifacts.catalogue import CATALOGUE_SCHEMA, load_catalogue, load_catalogue_facts
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.labels import load_label_facts, load_labels
from trainer.artifacts.names import TEXT_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet, write_parquet

VALUES = {"商品": [1, 2.5, None], "text": 'line\nbreak "quoted" 😀', "nested": {"empty": {}}}


def test_json_comes_back_and_is_text_that_people_can_read(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "that is new" / "values.json"
    write_json(str(path), VALUES)
    assert read_json(str(path)) == json.loads(path.read_text("utf-8")) == VALUES
    assert "商品" in path.read_text("utf-8")
    write_json(str(path), [1])
    assert read_json(str(path)) == [1]


def test_parquet_comes_back_in_the_order_of_the_files_names(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        table = pa.table({"number": [number], "text": ["x" * number]})
        write_parquet(str(tmp_path / f"vectors-{number:05d}-of-00003.parquet"), table)
    assert pq.read_table(tmp_path / "vectors-00001-of-00003.parquet").to_pylist() == [{"number": 1, "text": "x"}]
    found = read_parquet(shards(str(tmp_path), TEXT_VECTORS_PREFIX), ["number"])
    assert found.to_pydict() == {"number": [0, 1, 2]}
    with pytest.raises(ValueError, match=r"vectors-\*\.parquet should name Parquet files"):
        read_parquet(shards(str(tmp_path / "elsewhere"), TEXT_VECTORS_PREFIX))


def test_shards_are_those_of_one_prefix() -> None:
    pattern = shards("/folder", "rules")
    assert fnmatch("/folder/rules-00000-of-00002.parquet", pattern)
    assert not fnmatch("/folder/more_rules-00000-of-00002.parquet", pattern)
    assert not fnmatch("/folder/rules.json", pattern)


def test_catalogue_and_facts(tmp_path: Path) -> None:
    columns = {field.name: pa.nulls(2, field.type) for field in CATALOGUE_SCHEMA} | {"product_id": ["a", "商品"]}
    pq.write_table(pa.table(columns, CATALOGUE_SCHEMA), tmp_path / "catalogue.parquet")
    (tmp_path / "catalogue.json").write_text('{"event_types": ["view"]}', "utf-8")
    assert load_catalogue(str(tmp_path)).schema == CATALOGUE_SCHEMA
    assert load_catalogue(str(tmp_path), ["product_id"]).to_pydict() == {"product_id": ["a", "商品"]}
    assert load_catalogue_facts(str(tmp_path)) == {"event_types": ["view"]}


def test_labels(tmp_path: Path) -> None:
    facts = {"labels": ["négatif", "positif"], "counts": {"labels": 2}}
    (tmp_path / "labels.json").write_text(json.dumps(facts), "utf-8")
    assert load_labels(str(tmp_path)) == ["négatif", "positif"]
    assert load_label_facts(str(tmp_path)) == facts


def test_numbers_of_numpy_are_no_json(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(str(tmp_path / "x.json"), {"count": np.int64(1)})
    assert not (tmp_path / "x.json").exists()
