"""How a table is given: short, long, or several; what is refused; and that nothing is lost on the way to a node."""

from typing import Any

import pyarrow as pa
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from components.tables.shaping.leaving_out import without_marks
from components.tables.sources import Join, TableSource, TableSources, sources_from_json, sources_to_json

ADAPTER: TypeAdapter[tuple[TableSource, ...]] = TypeAdapter(TableSources)
LONG = """
path: items.csv
join: {path: orders.csv, on: order_id}
columns: {user_id: CustomerID}
constants: {event_type: purchase, position: 1}
leave_out: {StockCode: [POST, 22], Country: UK}
"""


def test_the_long_form_as_yaml_has_it() -> None:
    (source,) = ADAPTER.validate_python(yaml.safe_load(LONG))
    # YAML 1.1 takes `on` for true.
    assert source.join == (Join(path="orders.csv", on="order_id"),)
    assert source.leave_out == {"StockCode": ("POST", "22"), "Country": ("UK",)}
    assert source.constants == {"event_type": "purchase", "position": 1}


def test_one_or_several_short_or_long_and_back() -> None:
    for given in ("a.csv", {"path": "a.csv", "decimal": ","}, ["a.csv", {"path": "b.csv", "source": "till"}]):
        sources = ADAPTER.validate_python(given)
        assert ADAPTER.dump_python(sources) == given
        assert sources_from_json(sources_to_json(sources)) == sources


@pytest.mark.parametrize(
    ("on", "keys"), [("a", {"a": "a"}), (["a", "b"], {"a": "a", "b": "b"}), ({"a": "x"}, {"a": "x"})]
)
def test_keys_of_a_join(on: Any, keys: dict[str, str]) -> None:
    assert Join(path="o.csv", on=on).keys() == keys


def test_all_paths_are_taken_from_a_folder() -> None:
    source = TableSource.model_validate(
        {"path": "a.csv", "join": {"path": "b/*.csv", "on": "x"}, "same_ids": {"product_id": "gs://bucket/c.csv"}}
    )
    assert source.at("/data").paths() == ("/data/a.csv", "/data/b/*.csv", "gs://bucket/c.csv")
    assert [type(form).__name__ for form in source.forms()] == ["TableSource", "Join", "FileForm"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("encoding: utf-9", "expected an encoding such as gb18030"),
        ("encoding: base64", "expected an encoding such as gb18030"),
        ("time: {zone: Europe}", "expected a time zone such as Europe/Berlin"),
        ('time: {format: "%Y-%m-%d %Y"}', "expected a format of Python's strptime"),
        ('separator: ";;"', "expected one character"),
        ("separator: '\"'", "expected one character"),
        ("missing: {user: [NULL]}", 'YAML reads this as none; write it in quotes, such as "NULL"'),
        ("leave_out: {country: [NO]}", "YAML reads this as false; write it in quotes"),
        ("missing: {user_id: NULL}", 'YAML reads this as none; write it in quotes, such as "NULL"'),
        ("leave_out: {country: NO}", "YAML reads this as false; write it in quotes"),
        ("join: {path: o.csv, on: 5}", "expected the name of a column, a list of names, or `theirs: other`, got 5"),
        ("join: {path: o.csv, on: []}", r"a list of names, or `theirs: other`, got \[\]"),
        ("join: {path: o.csv, on: {}}", "a list of names, or `theirs: other`, got {}"),
        ("constants: {user_id: x}\ncolumns: {user_id: id}", "`columns` names `user_id` as well"),
        ("join: {path: b.csv}", "on"),
    ],
)
def test_what_is_refused(change: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python({"path": "a.csv"} | yaml.safe_load(change))


@pytest.mark.parametrize("given", [5, [], [5], True, None])
def test_what_is_no_source_is_said_in_words(given: Any) -> None:
    with pytest.raises(ValidationError, match=r"expected a path, a source \(`path: …`\), or a list of these, got"):
        ADAPTER.validate_python(given)


def test_one_number_stands_for_a_value_as_it_is_written() -> None:
    source = TableSource.model_validate({"path": "a.csv", "missing": {"user_id": 0}, "leave_out": {"price": 0.5}})
    assert source.missing == {"user_id": ("0",)}
    assert source.leave_out == {"price": ("0.5",)}


def test_a_whole_float_stands_for_both_ways_of_writing_it() -> None:
    (source,) = ADAPTER.validate_python(yaml.safe_load("path: a.csv\nmissing: {grade: [3.0, 2.5, 7]}\n"))
    column = pa.array([3.0, 2.5, 4.0])
    batch = without_marks(pa.RecordBatch.from_arrays([column], names=["grade"]), source.missing)
    assert batch.column("grade").to_pylist() == [None, None, 4.0]
    texts = pa.RecordBatch.from_arrays([pa.array(["3.0", "3", "7", "30"])], names=["grade"])
    assert without_marks(texts, source.missing).column("grade").to_pylist() == [None, None, None, "30"]
