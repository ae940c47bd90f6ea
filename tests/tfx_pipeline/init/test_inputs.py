"""Files that a shop names, of every kind that is read, and which of them belong together."""

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.init.files.inputs import find_groups
from tfx_pipeline.init.files.reading import read_sample, read_samples
from tfx_pipeline.init.questions import BestGuess
from tfx_pipeline.init.sample import Sample

ROWS = [{"user_id": f"u{number}", "title": f"Grüner Tee {number}", "price": number + 0.5} for number in range(6)]
NAMES = list(ROWS[0])


def text(separator: str = ",", decimal: str = ".") -> str:
    lines = [separator.join(NAMES)]
    lines += [separator.join(str(row[name]).replace(".", decimal) for name in NAMES) for row in ROWS]
    return "\n".join(lines) + "\n"


def write_every_kind(folder: Path) -> None:
    (folder / "comma.csv").write_text(text(), encoding="utf-8")
    (folder / "semicolon.csv").write_text(text(";", ","), encoding="utf-8-sig")
    (folder / "tab.tsv").write_text(text("\t"), encoding="utf-16")
    (folder / "bar.csv").write_text(text("|"), encoding="windows-1252")
    (folder / "caret.csv").write_text(text("^"), encoding="utf-8")
    (folder / "packed.csv.gz").write_bytes(gzip.compress(text().encode()))
    with zipfile.ZipFile(folder / "packed.csv.zip", "w") as archive:
        archive.writestr("inner.csv", text())
    (folder / "lines.jsonl").write_text(pa.Table.from_pylist(ROWS).to_pandas().to_json(orient="records", lines=True))
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "table.parquet")
    book = openpyxl.Workbook()
    for row in [NAMES, *(list(row.values()) for row in ROWS)]:
        book.active.append(row)
    book.save(folder / "book.xlsx")


def sample_of(*paths: Path) -> Sample:
    (group,) = find_groups([str(path) for path in paths], BestGuess().note)
    return read_sample(group, BestGuess())


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    write_every_kind(tmp_path)
    forms: dict[str, dict[str, Any]] = {}
    for file in sorted(tmp_path.iterdir()):
        sample = sample_of(file)
        found = [
            {**row, "price": float(str(row["price"]).replace(",", "."))}
            for row in sample.rows.select(NAMES).to_pylist()
        ]
        assert found == ROWS, file.name
        assert sample.complete
        if sample.form:
            forms[file.name] = sample.form
    assert forms == {"bar.csv": {"encoding": "windows-1252"}, "caret.csv": {"separator": "^"}}


def test_files_of_the_same_columns_are_one_folder_or_one_glob(tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    for day in (1, 2, 3):
        (days / f"sales-{day}.csv").write_text(text())
    assert [group.path for group in find_groups([str(days)], BestGuess().note)] == [str(days)]
    (days / "other.csv").write_text("product_id,title\np1,Tea\n")
    paths = {group.path: len(group.files) for group in find_groups([str(days)], BestGuess().note)}
    assert paths == {str(days / "other.csv"): 1, str(days / "sales-*.csv"): 3}
    assert sample_of(days / "sales-*.csv").rows.num_rows == 3 * len(ROWS)


def test_what_is_no_table_in_a_folder_is_passed_over_and_said(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(text())
    (tmp_path / "README.md").write_text("# About")
    asker = BestGuess()
    (group,) = find_groups([str(tmp_path)], asker.note)
    assert group.path == str(tmp_path / "sales.csv")
    assert "README.md" in asker.unsure[0]
    with pytest.raises(InputError, match=r"README\.md"):
        find_groups([str(tmp_path / "README.md")], asker.note)


def test_lines_of_json_that_lack_a_key_are_of_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "day-1.jsonl").write_text('{"a": 1, "b": 2, "c": 3}\n')
    (tmp_path / "day-2.jsonl").write_text('{"a": 1, "b": 2}\n')
    (tmp_path / "other.jsonl").write_text('{"x": 1, "a": 2}\n')
    groups = {group.path for group in find_groups([str(tmp_path)], BestGuess().note)}
    assert groups == {str(tmp_path / "day-*.jsonl"), str(tmp_path / "other.jsonl")}
    (days,) = find_groups([str(tmp_path / "day-*.jsonl")], BestGuess().note)
    sample = read_sample(days, BestGuess())
    assert sample.rows.select(["b", "c"]).to_pylist() == [{"b": "2", "c": "3"}, {"b": "2", "c": None}]


def test_folders_called_key_value_are_one_table_with_the_key_as_a_column(tmp_path: Path) -> None:
    for day in ("2024-01-01", "2024-01-02"):
        (tmp_path / "events" / f"dt={day}").mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "events" / f"dt={day}" / "part-0.parquet")
    (tmp_path / "products.csv").write_text("product_id,title\np1,Tea\n")
    events, products = sorted(find_groups([str(tmp_path)], BestGuess().note), key=lambda group: group.path)
    assert (events.path, products.path) == (str(tmp_path / "events"), str(tmp_path / "products.csv"))
    assert list(read_sample(events, BestGuess()).distinct("dt")) == ["2024-01-01", "2024-01-02"]


def test_a_text_that_may_be_two_things_is_asked_for_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,title\n1,Äpfel ÄÖÜ\n".encode("windows-1252"))
    asker = BestGuess()
    (group,) = find_groups([str(tmp_path)], BestGuess().note)
    sample = read_sample(group, asker)
    assert sample.form["encoding"] in ("windows-1252", "gb18030")
    (said,) = asker.unsure
    assert "Which of these reads right?" in said
    assert "Äpfel ÄÖÜ" in said


def test_the_first_letter_with_an_accent_may_stand_far_down(tmp_path: Path) -> None:
    lines = ["id,title", *(f"{number},Green tea {number}" for number in range(90_000)), "90000,Gift voucher £40"]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="windows-1252")
    sample = sample_of(tmp_path / "a.csv")
    assert sample.form == {"encoding": "windows-1252"}
    assert sample.rows["title"].to_pylist()[-1] == "Gift voucher £40"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", b"", "none.csv"),
        ("header.csv", b"user_id,title\n", "holds no row"),
        ("numbers.csv", b"1,2,3,4\n5,6,7,8\n", "lacks a line with the names of its columns"),
        ("picture.png", b"\x89PNG", "picture.png"),
        ("packed.csv", b"\x1f\x8b\x08\x00", "gzip"),
    ],
)
def test_what_cannot_be_read_is_one_message(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        sample_of(tmp_path / name)


def test_a_path_with_nothing_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is at"):
        find_groups([str(tmp_path / "nowhere.csv")], BestGuess().note)
    with pytest.raises(InputError, match="no file that would be read"):
        find_groups([str(tmp_path)], BestGuess().note)


def test_one_odd_file_in_a_folder_is_passed_over_and_said(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(text())
    (tmp_path / "returns.csv").write_text("order,reason\n")
    (tmp_path / "numbers.csv").write_text("1,2,3\n4,5,6\n")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    (tmp_path / "quotes.csv").write_text('a,b\n1,"2\n')
    asker = BestGuess()
    (sample,) = read_samples([str(tmp_path)], asker)
    assert sample.path == str(tmp_path / "sales.csv")
    for name in ("returns.csv", "numbers.csv", "broken.xlsx", "quotes.csv"):
        assert sum(name in said for said in asker.unsure) == 1, name
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            read_samples([str(tmp_path / "sales.csv"), str(tmp_path / name)], BestGuess())


def test_a_folder_of_odd_files_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "returns.csv").write_text("order,reason\n")
    (tmp_path / "numbers.csv").write_text("1,2,3\n4,5,6\n")
    with pytest.raises(InputError):
        read_samples([str(tmp_path)], BestGuess())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (pa.array([1]), pa.array([datetime(2024, 1, 2)]), ["1", "2024-01-02T00:00:00"]),
        (
            pa.array([datetime(2024, 1, 2)]),
            pa.array([datetime(2024, 1, 2, tzinfo=UTC)]),
            ["2024-01-02T00:00:00", "2024-01-02T00:00:00+00:00"],
        ),
        (pa.array([["a"]]), pa.array(["b"]), ['["a"]', "b"]),
        (pa.array([1]), pa.array([2.5]), ["1", "2.5"]),
        (pa.array([1]), pa.nulls(1), [1, None]),
    ],
)
def test_files_of_parquet_whose_types_differ(
    tmp_path: Path, one: pa.Array, other: pa.Array, expected: list[Any]
) -> None:
    for name, array in (("part-0", one), ("part-1", other)):
        pq.write_table(pa.table({"id": ["x"], "value": array}), tmp_path / f"{name}.parquet")
    (sample,) = read_samples([str(tmp_path)], BestGuess())
    assert sample.rows["value"].to_pylist() == expected


def test_files_of_several_encodings_are_said(tmp_path: Path) -> None:
    for name, encoding in (("a", "utf-8"), ("b", "windows-1252")):
        (tmp_path / f"{name}.csv").write_text(text(), encoding=encoding)
    (tmp_path / "c.csv").write_text(text().replace("ü", "u"))
    asker = BestGuess()
    read_samples([str(tmp_path)], asker)
    (said,) = asker.unsure
    assert "some are in windows-1252 and some seem to be in utf-8" in said


def test_an_export_that_was_downloaded_twice_is_said(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text())
    (tmp_path / "orders (1).csv").write_text(text())
    (tmp_path / "orders-2.csv").write_text(text().replace("Tee 1", "Tee 7"))
    asker = BestGuess()
    read_samples([str(tmp_path)], asker)
    (said,) = asker.unsure
    assert said.startswith("`orders (1).csv` holds the same as `orders.csv`, so all its rows count twice.")


def test_rows_that_cannot_be_read_are_said_and_many_of_them_refused(tmp_path: Path) -> None:
    good = "".join(f"{number},tea\n" for number in range(198))
    (tmp_path / "a.csv").write_text(f"id,title\n1,tea,3\n{good}")
    asker = BestGuess()
    (sample,) = read_samples([str(tmp_path / "a.csv")], asker)
    assert sample.rows.num_rows == 198
    (said,) = asker.unsure
    assert "1 of 199 rows cannot be read; the first is line 2 of" in said
    assert "expected 2 fields, got 3" in said
    (tmp_path / "a.csv").write_text("id,title\n1,tea,3\n1,tea\n1,tea\n")
    with pytest.raises(InputError, match=r"1 of 3 rows cannot be read; the first is line 2 of .*got 3"):
        read_samples([str(tmp_path / "a.csv")], asker)
    (tmp_path / "a.csv").write_text("id,title\n1,tea,3\n1,tea,5\n")
    with pytest.raises(InputError, match="2 of 2 rows cannot be read"):
        read_samples([str(tmp_path / "a.csv")], asker)


def test_a_title_above_the_names_and_an_array_of_json_are_said(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text("Report Sales 2025\n\n" + text())
    with pytest.raises(InputError, match="taken for the names of the columns: `Report Sales 2025`"):
        sample_of(tmp_path / "report.csv")
    rows = pa.Table.from_pylist(ROWS).to_pandas()
    (tmp_path / "rows.jsonl").write_text(rows.to_json(orient="records", indent=1))
    with pytest.raises(InputError, match="The file is one JSON array: write one object a line"):
        sample_of(tmp_path / "rows.jsonl")
    (tmp_path / "rows.json").write_text(rows.to_json(orient="records"))
    with pytest.raises(InputError, match="Write JSON with one object a line, not as one array"):
        sample_of(tmp_path / "rows.json")
