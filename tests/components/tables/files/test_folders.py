"""Folders as tables: their files, and folders below them that stand for columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.files.file_columns import file_columns
from components.tables.files.finding import find_table_files
from components.tables.files.raw_column import RawColumn
from components.tables.reading.reader import read_batches
from components.tables.sources import FileForm
from tests.components.tables.files.tables_on_disk import raw_columns

EVENTS = (*raw_columns("events"), RawColumn(name="dt", kind="string"))


def _read(path: Path | str) -> list[dict[str, object]]:
    files = find_table_files("events", FileForm(path=str(path)))
    found = [row for batch in read_batches("events", files, EVENTS) for row in batch.batch.to_pylist()]
    return [{name: value for name, value in row.items() if value is not None} for row in found]


@pytest.fixture
def hive(tmp_path: Path) -> Path:
    """A folder a day and event type, as Hive and Spark write them."""
    for day, kind, user in (("2026-01-01", "view", "a"), ("2026-01-02", "a%2Fb", "b"), ("2026-01-02", "buy", "c")):
        folder = tmp_path / "events" / f"dt={day}" / f"event_type={kind}"
        folder.mkdir(parents=True)
        (folder / "part-0.csv").write_text(f"user_id,product_id\n{user},P\n")
        (folder / "_SUCCESS").touch()
        (folder / ".part-0.csv.crc").write_text("x")
    temporary = tmp_path / "events" / "_temporary" / "dt=2026-01-09"
    temporary.mkdir(parents=True)
    (temporary / "part-0.csv").write_text("user_id,product_id\nz,P\n")
    return tmp_path / "events"


def test_folders_of_hive_are_columns(hive: Path) -> None:
    expected = [
        {"user_id": "a", "product_id": "P", "event_type": "view", "dt": "2026-01-01"},
        {"user_id": "b", "product_id": "P", "event_type": "a/b", "dt": "2026-01-02"},
        {"user_id": "c", "product_id": "P", "event_type": "buy", "dt": "2026-01-02"},
    ]
    assert _read(hive) == expected
    assert _read(f"{hive}/") == expected
    assert _read(f"{hive}/dt=2026-01-0*/*/*.csv") == expected
    (first, *_) = find_table_files("events", FileForm(path=str(hive)))
    found = file_columns("events", first)
    assert found is not None
    assert list(found.types) == ["user_id", "product_id", "dt", "event_type"]


def test_a_folder_of_hive_without_a_value_and_a_file_that_has_the_column(tmp_path: Path) -> None:
    folder = tmp_path / "t" / "event_type=__HIVE_DEFAULT_PARTITION__"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": ["a"]}), folder / "x.parquet")
    assert _read(tmp_path / "t") == [{"user_id": "a"}]
    folder = tmp_path / "u" / "event_type=view"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": ["a"], "event_type": ["own"]}), folder / "x.parquet")
    assert _read(tmp_path / "u") == [{"user_id": "a", "event_type": "own"}]
    (tmp_path / "v" / "event_type=view").mkdir(parents=True)
    (tmp_path / "v" / "event_type=view" / "x.jsonl").write_text('{"user_id": "a"}\n')
    assert _read(tmp_path / "v") == [{"user_id": "a", "event_type": "view"}]


def test_a_folder_that_is_given_outright_has_no_columns_above_it(hive: Path) -> None:
    assert _read(hive / "dt=2026-01-01" / "event_type=view") == [{"user_id": "a", "product_id": "P"}]
    assert _read(hive / "dt=2026-01-01") == [{"user_id": "a", "product_id": "P", "event_type": "view"}]


def test_a_folder_of_folders_asks_for_a_glob(tmp_path: Path) -> None:
    (tmp_path / "2026" / "01").mkdir(parents=True)
    (tmp_path / "2026" / "01" / "a.csv").write_text("user_id,product_id\na,P\n")
    with pytest.raises(InputError, match=r"no file that would be read.*01/a\.csv`. Give a glob such as"):
        _read(tmp_path)
    assert _read(f"{tmp_path}/*/*/*.csv") == [{"user_id": "a", "product_id": "P"}]
    assert _read(f"{tmp_path}/**.csv") == [{"user_id": "a", "product_id": "P"}]


def test_a_folder_with_brackets_in_its_name(tmp_path: Path) -> None:
    for name in ("orders [2026]", "orders x2026y", "orders 2"):
        folder = tmp_path / name / "event_type=view"
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(f"user_id,product_id\n{name},P\n")
    expected = [{"user_id": "orders [2026]", "product_id": "P", "event_type": "view"}]
    assert _read(tmp_path / "orders [2026]") == expected
    assert _read(f"{tmp_path}/orders [2026]/") == expected
