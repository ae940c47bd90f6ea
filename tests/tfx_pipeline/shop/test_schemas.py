"""The schemas of the tables, against their contracts."""

from importlib.resources import files

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.tables.contract import TABLES

TYPES = {"boolean": schema_pb2.INT, "integer": schema_pb2.INT, "timestamp": schema_pb2.INT}
FLOATS = ("float", "vector")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_schema_has_each_column_of_the_contract_with_its_type(table: str) -> None:
    text = (files("tfx_pipeline") / "schemas" / f"{table}.pbtxt").read_text(encoding="utf-8")
    schema = text_format.Parse(text, schema_pb2.Schema())
    expected = {
        column.name: schema_pb2.FLOAT if column.kind in FLOATS else TYPES.get(column.kind, schema_pb2.BYTES)
        for column in TABLES[table].columns
        if column.kept
    }
    assert {feature.name: feature.type for feature in schema.feature} == expected
