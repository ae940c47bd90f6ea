"""Ids that a file says mean one thing."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.tables.files.finding import find_table_files
from components.tables.shaping.same_ids import SameIds
from components.tables.sources import FileForm


def _same(folder: Path, *pairs: str) -> SameIds:
    path = folder / "ids.csv"
    path.write_text("to,note,from\n" + "".join(f"{pair.split()[1]},x,{pair.split()[0]}\n" for pair in pairs))
    return SameIds("products", find_table_files("products", FileForm(path=str(path))))


def test_ids_take_what_they_mean(tmp_path: Path) -> None:
    same = _same(tmp_path, "1 A", "2 3", "3 B", "B B", "1 A")
    ids, mapped = same.mapped(pa.array(["1", "2", "3", None, "B", "7", ""]))
    assert ids.to_pylist() == [b"A", b"B", b"B", None, b"B", b"7", None]
    assert mapped == 3
    ids, mapped = same.mapped(pa.array([1, 7, None]))
    assert ids.to_pylist() == [b"A", b"7", None]
    assert mapped == 1
    untouched = pa.array(["x", "y"])
    assert same.mapped(untouched) == (untouched, 0)


def test_a_file_without_a_pair(tmp_path: Path) -> None:
    assert _same(tmp_path).mapped(pa.array(["1"]))[1] == 0


@pytest.mark.parametrize(
    ("pairs", "message"),
    [(("1 A", "1 B"), "maps the id `1` to `A` and to `B`"), (("1 2", "2 3", "3 1"), "is mapped in a circle")],
)
def test_pairs_that_contradict_each_other(tmp_path: Path, pairs: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _same(tmp_path, *pairs)
