"""Tables of every format, good and bad, through TableExampleGen's executor on real Beam."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.io.localfilesystem import LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st
from tfx.types import standard_artifacts

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.example_gen import TableExampleGen
from components.tables.sources import TableSource
from components.tables.user_ids import hash_user_id
from tests.components.tables.table_runs import TableRun, run_table
from tfx_pipeline.workers.failure_cause import find_cause

FORMATS = ("parquet", "csv", "jsonl")
AWKWARD_IDS = [
    "a b",
    "x/y",
    "line\nbreak",
    "car\r\nriage",
    "🛒👩‍🔬",
    "产品-一",
    "z" * 300,
    'qu"ote',
    "comma,",
    "007",
    " ",
    "\\N",
    "NA",
]
NOW = int(time.time())


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Writes text rows in the format of the path's ending."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _check_counts(run: TableRun, rows: int, bad: dict[str, int]) -> None:
    """Good and bad rows together are the rows read, in the counts and in the files."""
    counts = run.counts()
    expected = {"table": run.table, "rows": rows, "good": rows - sum(bad.values()), "bad": bad}
    assert counts == {**expected, "set_aside": {}, "notes": []}
    assert run.lists().num_rows == counts["good"]
    refused = run.refused()
    assert len(refused) == sum(bad.values())
    assert {reason: sum(row["reason"] == reason for row in refused) for reason in bad} == bad


@pytest.mark.parametrize("ending", FORMATS)
def test_awkward_ids_go_through_unharmed(tmp_path: Path, ending: str) -> None:
    rows = [{"product_id": name, "title": f"标题 {name}"} for name in AWKWARD_IDS]
    run = run_table(tmp_path, "products", _write(tmp_path / f"p.{ending}", rows))
    _check_counts(run, len(rows), {})
    assert {(row["product_id"], row["title"]) for row in run.rows()} == {
        (row["product_id"], row["title"]) for row in rows
    }


@pytest.mark.parametrize("ending", FORMATS)
def test_event_types_lose_the_spaces_that_databases_pad_them_with(tmp_path: Path, ending: str) -> None:
    rows = [
        {"user_id": "u ", "product_id": " p", "event_type": kind, "timestamp": 1} for kind in ("view  ", "buy", " ")
    ]
    options = TableOptions(event_types=("view", "buy"))
    run = run_table(tmp_path, "events", _write(tmp_path / f"e.{ending}", rows), options)
    _check_counts(run, 3, {"missing_event_type": 1})
    assert {(row["user_id"], row["product_id"], row["event_type"]) for row in run.rows()} == {
        ("u ", " p", "view"),
        ("u ", " p", "buy"),
    }


@pytest.mark.parametrize("ending", FORMATS)
@settings(deadline=None, max_examples=4)
@given(ids=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=20, unique=True))
def test_any_ids_go_through_unharmed(tmp_path_factory: pytest.TempPathFactory, ending: str, ids: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any_ids")
    rows = [{"product_id": name, "title": name} for name in ids]
    run = run_table(folder, "products", _write(folder / f"p.{ending}", rows))
    _check_counts(run, len(rows), {})
    assert {row["product_id"] for row in run.rows()} == set(ids)


def test_examples_have_every_column_as_a_large_list(tmp_path: Path) -> None:
    full = {"product_id": 17, "title": "x", "price": 2.5, "in_stock": True, "image_embedding": [1, 2]}
    rows = [{**full, "age": 3, "hue": "r"}, {"product_id": "b", "title": "y", "age": "", "hue": ""}]
    path = _write(tmp_path / "p.jsonl", rows)
    run = run_table(tmp_path, "products", path, TableOptions(numeric_columns=("age",), categorical_columns=("hue",)))
    assert run.lists().schema.equals(pa.schema([
        ("product_id", pa.large_list(pa.large_binary())),
        ("title", pa.large_list(pa.large_binary())),
        ("sku", pa.large_list(pa.large_binary())),
        ("seller", pa.large_list(pa.large_binary())),
        ("description", pa.large_list(pa.large_binary())),
        ("brand", pa.large_list(pa.large_binary())),
        ("category", pa.large_list(pa.large_binary())),
        ("review_phrases", pa.large_list(pa.large_binary())),
        ("price", pa.large_list(pa.float32())),
        ("rating", pa.large_list(pa.float32())),
        ("in_stock", pa.large_list(pa.int64())),
        ("recommendable", pa.large_list(pa.int64())),
        ("image_embedding", pa.large_list(pa.float32())),
        ("age", pa.large_list(pa.float32())),
        ("hue", pa.large_list(pa.large_binary())),
    ]))  # fmt: skip
    first, second = sorted(run.lists().to_pylist(), key=lambda row: row["product_id"])
    assert first["product_id"] == [b"17"]
    assert (first["price"], first["in_stock"], first["image_embedding"]) == ([2.5], [1], [1.0, 2.0])
    assert (first["age"], first["hue"]) == ([3.0], [b"r"])
    assert all(value is None for name, value in second.items() if name not in ("product_id", "title"))


def test_examples_say_that_they_are_parquet(tmp_path: Path) -> None:
    run = run_table(tmp_path, "users", _write(tmp_path / "u.csv", [{"user_id": "1"}]))
    assert run.examples.split_names == '["all"]'
    assert run.examples.get_string_custom_property("payload_format") == "FORMAT_PARQUET"
    assert run.examples.get_string_custom_property("file_format") == "FILE_FORMAT_PARQUET"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_each_bad_product_has_its_reason(tmp_path: Path, ending: str) -> None:
    good = {"product_id": "p0", "title": "t", "price": "1", "rating": "4", "in_stock": "yes", "image_embedding": "[1]"}
    bad = {
        "missing_product_id": {"product_id": ""},
        "missing_title": {"title": ""},
        "negative_price": {"price": "-0.01"},
        "price_not_a_number": {"price": "cheap"},
        "price_not_finite": {"price": "inf"},
        "rating_not_finite": {"rating": "nan"},
        "in_stock_not_a_boolean": {"in_stock": "soon"},
        "image_embedding_not_a_vector": {"image_embedding": "1;2"},
        "duplicate_product_id": {"product_id": "p0", "title": "second"},
    }
    rows = [good] + [
        {**good, "product_id": f"p{index}", **change} for index, change in enumerate(bad.values(), start=1)
    ]
    run = run_table(tmp_path, "products", _write(tmp_path / f"p.{ending}", rows))
    _check_counts(run, len(rows), dict.fromkeys(bad, 1))
    assert [row["title"] for row in run.rows()] == ["t"]
    by_reason = {row["reason"]: row for row in run.refused()}
    assert by_reason["negative_price"]["row"]["price"] == "-0.01"
    line = 5 if ending == "csv" else 4  # A CSV file has a header.
    assert by_reason["negative_price"]["detail"] == f"line {line} of {tmp_path}/p.{ending}"


def test_each_bad_event_has_its_reason(tmp_path: Path) -> None:
    good = {
        "user_id": "u",
        "product_id": "p",
        "event_type": "view",
        "timestamp": "2024-01-01T10:00:00Z",
        "price": "1",
    }
    bad = {
        "missing_user_id": {"user_id": ""},
        "missing_timestamp": {"timestamp": ""},
        "timestamp_unparsable": {"timestamp": "last week"},
        "timestamp_in_milliseconds": {"timestamp": str(NOW * 1000)},
        "timestamp_in_future": {"timestamp": str(NOW + 3 * 24 * 60 * 60)},
        "timestamp_before_1970": {"timestamp": "1969-12-31"},
        "unknown_event_type": {"event_type": "stare"},
        "negative_price": {"price": "-1"},
    }
    rows = [good, good] + [{**good, **change} for change in bad.values()]
    run = run_table(tmp_path, "events", _write(tmp_path / "e.csv", rows), TableOptions(event_types=("view", "cart")))
    _check_counts(run, len(rows), dict.fromkeys(bad, 1))
    assert [row["timestamp"] for row in run.rows()] == [1704103200, 1704103200]


def test_events_by_position_need_no_timestamp(tmp_path: Path) -> None:
    rows = [{"user_id": "u", "product_id": "p", "event_type": "view", "position": text} for text in ("3", "x", "")]
    run = run_table(tmp_path, "events", _write(tmp_path / "e.csv", rows))
    _check_counts(run, 3, {"position_not_an_integer": 1, "missing_position": 1})
    assert (run.rows()[0]["position"], run.rows()[0]["timestamp"]) == (3, None)


def test_relevance_lies_between_0_and_1(tmp_path: Path) -> None:
    values = ["0", "1", "0.5", "-0.1", "1.1", ""]
    rows = [{"query": "q", "product_id": "p", "relevance": value} for value in values]
    run = run_table(tmp_path, "judgements", _write(tmp_path / "j.csv", rows))
    _check_counts(run, 6, {"relevance_out_of_range": 2, "missing_relevance": 1})


def test_the_first_row_of_a_product_counts(tmp_path: Path) -> None:
    """In the order of files, and of rows in a file, over many batches and row groups."""
    folder = tmp_path / "in"
    folder.mkdir()
    ids = [f"p{index % 700}" for index in range(2_000)]
    titles = [str(index) for index in range(2_000)]
    pq.write_table(
        pa.table({"product_id": ids[:1_500], "title": titles[:1_500]}), folder / "a.parquet", row_group_size=400
    )
    pq.write_table(
        pa.table({"product_id": ids[1_500:], "title": titles[1_500:]}), folder / "b.parquet", row_group_size=90
    )
    run = run_table(tmp_path, "products", folder)
    _check_counts(run, 2_000, {"duplicate_product_id": 1_300})
    assert {row["product_id"]: row["title"] for row in run.rows()} == {f"p{index}": str(index) for index in range(700)}


def test_a_bad_first_row_leaves_the_second_one(tmp_path: Path) -> None:
    rows = [{"product_id": "p", "title": "a", "price": "-1"}, {"product_id": "p", "title": "b", "price": "1"}]
    run = run_table(tmp_path, "products", _write(tmp_path / "p.csv", rows))
    _check_counts(run, 2, {"negative_price": 1})
    assert run.rows()[0]["title"] == "b"


def test_users_have_one_row_each_and_stay_unnamed(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("user_id,segment\nZoë,a\nZoë,b\nMax,b,c\n")
    run = run_table(tmp_path, "users", path, user_id_key="k")
    _check_counts(run, 3, {"duplicate_user_id": 1, "wrong_number_of_fields": 1})
    text = "".join(file.read_text() for file in Path(run.quarantine.uri).glob("*.jsonl"))
    assert hash_user_id("Zoë", "k") in text
    assert "Zo" not in text
    assert "Max" not in text


@pytest.mark.parametrize("ending", FORMATS)
def test_segments_and_labels_lose_what_nobody_sees(tmp_path: Path, ending: str) -> None:
    names = ["positive", " positive ", "positive\u00a0", "\u200bpositive\n", "   ", "\u200b\u00a0", "very positive"]
    users = [{"user_id": f" {place}", "segment": name} for place, name in enumerate(names)]
    run = run_table(tmp_path / "u", "users", _write(tmp_path / f"u.{ending}", users))
    _check_counts(run, len(names), {})
    expected = ["positive"] * 4 + [None] * 2 + ["very positive"]
    assert {row["user_id"]: row["segment"] for row in run.rows()} == {
        f" {place}": name for place, name in enumerate(expected)
    }
    texts = [{"text": f" {place} ", "label": name} for place, name in enumerate(names)]
    run = run_table(tmp_path / "t", "texts", _write(tmp_path / f"t.{ending}", texts))
    _check_counts(run, len(names), {"missing_label": 2})
    assert {row["text"]: row["label"] for row in run.rows()} == {
        f" {place} ": name for place, name in enumerate(expected) if name
    }


def test_users_are_named_if_the_configuration_says_so(tmp_path: Path) -> None:
    path = _write(tmp_path / "u.csv", [{"user_id": "Zoë"}, {"user_id": "Zoë"}])
    run = run_table(tmp_path, "users", path, user_id_key="")
    assert run.refused()[0]["row"]["user_id"] == "Zoë"


def test_broken_json_lines_are_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"text": "a", "label": "b"}\n{"text": "a"\n{"text": "caf\xe9", "label": "b"}\n{"text": "a"}\n')
    run = run_table(tmp_path, "texts", path)
    _check_counts(run, 4, {"broken_json": 1, "not_utf8": 1, "missing_label": 1})


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_table(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.string())}), path)
    else:
        path.write_text("text,label\n" if ending == "csv" else "")
    with pytest.raises(InputError, match="Table `texts` is empty"):
        run_table(tmp_path, "texts", path)
    assert not (tmp_path / "quarantine" / "counts.json").exists()


def test_a_table_without_a_good_row(tmp_path: Path) -> None:
    rows = [{"user_id": "u", "product_id": "p", "event_type": "view", "timestamp": str(NOW * 1000)}] * 3
    with pytest.raises(InputError, match=r"none of its 3 rows is usable: timestamp_in_milliseconds \(3\)"):
        run_table(tmp_path, "events", _write(tmp_path / "e.csv", rows))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'text,label\na,"b\n', "broken quoting in the row that begins on line 2"),
        (b"text,label\ncaf\xe9,b\n", "is not UTF-8 text: byte 0xe9"),
    ],
)
def test_a_file_that_cannot_be_trusted(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(Exception) as raised:  # noqa: PT011  # Beam wraps it.
        run_table(tmp_path, "texts", path)
    cause = find_cause(raised.value)
    assert cause.kind == "input"
    assert cause.message.startswith(f"Table `texts`: `{path}` ")
    assert message in cause.message
    assert not (tmp_path / "quarantine" / "counts.json").exists()


def test_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_disk = open("/dev/full", "wb", buffering=0)  # noqa: SIM115  # Closed below, after Beam is done with it.
    monkeypatch.setattr(LocalFileSystem, "create", lambda *_, **__: full_disk)
    path = _write(tmp_path / "t.csv", [{"text": "a", "label": "b"}])
    with pytest.raises(Exception) as raised:  # noqa: PT011  # Beam wraps it.
        run_table(tmp_path, "texts", path)
    full_disk.close()
    assert find_cause(raised.value).kind == "disk_full"
    assert not (tmp_path / "quarantine" / "counts.json").exists()
    assert not list((tmp_path / "examples").glob("Split-all/data-*"))


def _component(table: str) -> TableExampleGen:
    return TableExampleGen(
        table=table,
        sources=[TableSource(path="p")],
        data="",
        digest="d",
        user_id_key="k",
        options=TableOptions(),
        source_digest="s",
    )


def test_the_component_has_primitive_parameters_only() -> None:
    node = _component("products")
    assert set(node.outputs) == {"examples", "quarantine"}
    assert node.outputs["examples"].type is standard_artifacts.Examples
    assert all(isinstance(value, str) for value in node.exec_properties.values())
    assert TableOptions.model_validate_json(node.exec_properties["options_json"]) == TableOptions()


def test_an_unknown_table() -> None:
    with pytest.raises(InputError, match="got `orders`"):
        _component("orders")


def test_contract_names_are_unique() -> None:
    for contract in TABLES.values():
        assert len({column.name for column in contract.columns}) == len(contract.columns)
