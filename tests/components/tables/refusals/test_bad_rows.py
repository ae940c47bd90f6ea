"""What a message says of refused rows: values, the place of the first, and advice; never a user."""

import json
from pathlib import Path

from components.tables.quarantine import QuarantineCounts, quarantine_line
from components.tables.refusals.bad_rows import describe_bad_rows


def _quarantine(folder: Path, *rows: tuple[str, str, dict[str, object]], table: str = "products") -> QuarantineCounts:
    """Writes refused rows (reason, detail, row) as two shards, the later rows first."""
    lines = [quarantine_line(table, *row, "key") + "\n" for row in rows]
    half = len(lines) // 2
    (folder / "quarantine-00000.jsonl").write_text("".join(lines[half:]))
    (folder / "quarantine-00001.jsonl").write_text("".join(lines[:half]))
    bad = {row[0]: sum(other[0] == row[0] for other in rows) for row in rows}
    return QuarantineCounts(table=table, rows=len(rows), good=0, bad=bad)


def test_up_to_three_values_the_most_frequent_first_and_the_first_place(tmp_path: Path) -> None:
    prices = ["-", "n/a", "n/a", "n/a", "-", "?", "!"]
    counts = _quarantine(
        tmp_path,
        *(("price_not_a_number", f"line {line} of p.csv", {"price": price}) for line, price in enumerate(prices, 9)),
    )
    said = describe_bad_rows(str(tmp_path), counts)
    assert said.startswith(" Seen: `n/a`, `-`, `")
    assert said.partition(" (first")[0].count("`") == 6
    assert "(first on line 9 of p.csv); expected a number such as 12.50" in said
    assert said.endswith(".")


def test_each_reason_has_its_sentence_and_those_past_five_have_none(tmp_path: Path) -> None:
    reasons = ["negative_price", "missing_title", "rating_not_finite", "in_stock_not_a_boolean", "duplicate_product_id"]
    rows = [(reason, f"row {place} of p", {"price": -1}) for place, reason in enumerate(reasons * 2, 1)]
    counts = _quarantine(tmp_path, *rows, ("price_not_finite", "row 99 of p", {"price": "inf"}))
    said = describe_bad_rows(str(tmp_path), counts)
    assert " negative_price: `-1` (first on row 1 of p); expected 0 or more." in said
    assert " missing_title: first on row 2 of p; expected a value in each row." in said
    assert "price_not_finite" not in said


def test_rows_of_several_files_are_in_their_order(tmp_path: Path) -> None:
    places = ["line 9 of b.csv", "line 100 of a.csv", "line 20 of a.csv"]
    counts = _quarantine(tmp_path, *(("negative_price", place, {"price": -1}) for place in places))
    assert "first on line 20 of a.csv" in describe_bad_rows(str(tmp_path), counts)


def test_ids_of_users_and_lines_that_may_hold_one_are_not_shown(tmp_path: Path) -> None:
    counts = _quarantine(
        tmp_path,
        ("duplicate_user_id", "line 3 of u.csv: an earlier row has the same user_id", {"user_id": "Zoë"}),
        ("wrong_number_of_fields", "line 4 of u.csv: expected 2 fields, got 3", {"line": "Zoë,a,b"}),
        table="users",
    )
    said = describe_bad_rows(str(tmp_path), counts)
    assert "Zo" not in said
    hashed = json.loads((tmp_path / "quarantine-00001.jsonl").read_text())["row"]["user_id"]
    assert hashed not in said
    assert "first on line 4 of u.csv: expected 2 fields, got 3" in said


def test_long_values_are_cut_and_unseen_signs_are_spelled_out(tmp_path: Path) -> None:
    row = {"price": "9\u200b" + "x" * 100}
    said = describe_bad_rows(str(tmp_path), _quarantine(tmp_path, ("price_not_a_number", "line 1 of p", row)))
    assert f"`9\\u200b{'x' * 58}…`" in said


def test_a_quarantine_without_bad_rows(tmp_path: Path) -> None:
    assert describe_bad_rows(str(tmp_path), QuarantineCounts(table="users", rows=1, good=1, bad={})) == ""


def test_a_reason_that_stands_alone_and_shows_no_value(tmp_path: Path) -> None:
    counts = _quarantine(tmp_path, ("missing_title", "line 3 of p.csv", {"title": None}))
    assert describe_bad_rows(str(tmp_path), counts) == (" First on line 3 of p.csv; expected a value in each row.")
