"""A few ids of a table, or how they are written."""

from pathlib import Path

import pytest

from components.tables.notes.example_ids import example_ids, id_shape
from components.tables.read_back import table_files
from tests.components.tables.plain_artifacts import table_artifact


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("u-00017", "a-99999"),
        ("AbC_9.0", "AaA_9.9"),
        ("Ünal@x.de", "Aaaa@a.aa"),
        ("用户١٢", "aa99"),
        ("", ""),
    ],
)
def test_a_shape_says_how_an_id_is_written(text: str, shape: str) -> None:
    assert id_shape(text) == shape


def test_three_ids_stand_for_a_table(tmp_path: Path) -> None:
    ids = ["b", "a", "b", "line\nbreak", "d", "e" * 50, None]
    artifact = table_artifact(tmp_path, [{"user_id": each} for each in ids], files=1)
    assert example_ids(table_files(artifact), "user_id") == "`a`, `b`, `d`"
    assert example_ids(table_files(artifact), "user_id", plain=False) == f"`a`, `aaaa�aaaaa`, `{'a' * 39}…`"


def test_a_table_without_ids_has_none(tmp_path: Path) -> None:
    artifact = table_artifact(tmp_path, [{"user_id": None}], files=1)
    assert example_ids(table_files(artifact), "user_id") == "none"
