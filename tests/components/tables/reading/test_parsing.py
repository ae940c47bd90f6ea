"""Columns of any type, in the contract's kinds."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.tables.reading.parsing import parse_column
from components.tables.reading.value_form import ValueForm

COMMA = ValueForm(decimal=",")


def _parsed(
    values: list[Any], kind: str, data_type: pa.DataType | None = None
) -> tuple[list[Any], dict[str, list[int]]]:
    column = parse_column(pa.array(values, data_type), kind)
    return column.values.to_pylist(), {name: np.flatnonzero(mask).tolist() for name, mask in column.problems.items()}


@pytest.mark.parametrize(
    ("values", "data_type", "expected"),
    [
        (["007", "", None, " a "], pa.string(), [b"007", None, None, b" a "]),
        ([7, -1, None], pa.int64(), [b"7", b"-1", None]),
        ([2**64 - 1], pa.uint64(), [b"18446744073709551615"]),
        ([7.0, None, float("nan")], pa.float64(), [b"7", None, None]),
        ([b"a", b"", "é".encode()], pa.binary(), [b"a", None, "é".encode()]),
        ([True], pa.bool_(), [b"true"]),
        ([None], pa.null(), [None]),
    ],
)
def test_strings(values: list[Any], data_type: pa.DataType, expected: list[bytes | None]) -> None:
    found, problems = _parsed(values, "string", data_type)
    assert found == expected
    assert problems == ({"not_a_string": [2]} if data_type == pa.float64() else {})


def test_a_float_that_has_lost_digits_is_no_id() -> None:
    assert _parsed([1.5, 1e300, 2.0**53, 3.0], "string") == ([b"1.5", None, None, b"3"], {"not_a_string": [1, 2]})
    assert _parsed([0.1, 1e-7], "string", pa.float32()) == ([b"0.1", b"1e-07"], {})


@pytest.mark.parametrize(
    ("values", "data_type", "expected"),
    [
        (["True", "TRUE", "true", " False ", "FALSE"], None, ["true"] * 3 + ["false"] * 2),
        (["tRUE", "Truest", "Falsetto"], None, ["tRUE", "Truest", "Falsetto"]),
        ([True, False, None], None, ["true", "false", None]),
        (["2020", "2020.0", "2020.00", "1.5", "v2.0", "", "-3.0"], None, ["2020"] * 3 + ["1.5", "v2.0", None, "-3"]),
        ([2020.0, 1.5, None], None, ["2020", "1.5", None]),
        ([Decimal("2020.00"), Decimal("1.50"), Decimal("0.00")], pa.decimal128(9, 2), ["2020", "1.5", "0"]),
        ([2020], None, ["2020"]),
    ],
)
def test_categories(values: list[Any], data_type: pa.DataType | None, expected: list[str | None]) -> None:
    found, problems = _parsed(values, "category", data_type)
    assert [value and value.decode() for value in found] == expected
    assert problems == {}


def test_texts_and_ids_stay_as_they_are() -> None:
    values = ["True", "FALSE", "10001.0", "007", " a "]
    assert _parsed(values, "string") == ([value.encode() for value in values], {})


def test_the_number_of_a_category_has_the_sign_of_its_source() -> None:
    column = parse_column(pa.array(["2020,0", "2020.0"]), "category", COMMA)
    assert column.values.to_pylist() == [b"2020", b"2020.0"]


def test_dictionaries_are_decoded() -> None:
    array = pa.array(["a", "b", "a"]).dictionary_encode()
    assert parse_column(array, "string").values.to_pylist() == [b"a", b"b", b"a"]


def test_bytes_that_are_not_utf8() -> None:
    bad = b"caf\xe9"
    assert _parsed([b"a", bad], "string", pa.binary()) == ([b"a", None], {"not_utf8": [1]})
    raw = pa.array([b"a", bad], pa.large_binary())
    unchecked = pa.Array.from_buffers(pa.large_string(), 2, raw.buffers())
    column = parse_column(unchecked, "string")
    assert column.values.to_pylist() == [b"a", None]
    assert column.problems["not_utf8"].tolist() == [False, True]


def test_numbers_in_text() -> None:
    values = ["1.5", " 2 ", "", None, "1e3", "abc", "1,5", "nan", "-inf", "1_000", "1e39", "+.5"]
    found, problems = _parsed(values, "float")
    assert found == [1.5, 2.0, None, None, 1000.0, None, None, None, None, None, None, 0.5]
    assert problems == {"not_a_number": [5, 6, 9], "not_finite": [7, 8, 10]}


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1234.5", 1234.5, None),
        ("1234,5", None, 1234.5),
        ("1.234,50", None, 1234.5),
        ("1,234.50", 1234.5, None),
        ("1 234,50", None, 1234.5),
        ("1 234.50", 1234.5, None),
        ("1'234'567.5", 1234567.5, None),
        ("1\u00a0234\u00a0567", 1234567.0, 1234567.0),
        ("-12 345", -12345.0, -12345.0),
        # What either country may mean is not guessed where it is not said.
        ("1,234", None, 1.234),
        ("1.234", 1.234, 1234.0),
        ("3,50", None, 3.5),
        ("1.234.567", None, 1234567.0),
        ("1,234,567", None, None),
        ("12,34.5", None, None),
        ("1 23", None, None),
        ("1 234'567", None, None),
        ("1.23.456", None, None),
        ("1,5e3", None, 1500.0),
        ("€ 3.50", 3.5, None),
        ("12.00 EUR", 12.0, None),
        ("$12.50", 12.5, None),
        ("-$12.50", -12.5, None),
        ("$ -12.50", -12.5, None),
        ("US$1,234.50", 1234.5, None),
        ("R$ 1.234,50", None, 1234.5),
        ("12,50\u00a0€", None, 12.5),
        ("1 234,50 zł", None, 1234.5),
        ("CHF 1'234.50", 1234.5, None),
        ("12,50 kr.", None, 12.5),
        ("¥1200", 1200.0, 1200.0),
        ("12元", 12.0, 12.0),
        ("$1,299", None, 1.299),
        ("-$-5", None, None),
        ("$5 €", None, None),
        ("$", None, None),
        ("EUR", None, None),
        ("6 kg", None, None),
        ("5 EURO", None, None),
        ("nan(1)", None, None),
        ("0x1F", None, None),
    ],
)
def test_numbers_as_people_write_them(text: str, point: float | None, comma: float | None) -> None:
    """Alone, and beside a number and a text that is none, which take other ways through the code."""
    for form, expected in ((ValueForm(), point), (COMMA, comma)):
        for others in ([], ["7"], ["x"], ["7", None, "1 000"]):
            column = parse_column(pa.array([text, *others]), "float", form)
            assert column.values[0].as_py() == expected
            assert ("not_a_number" in column.problems and column.problems["not_a_number"][0]) == (expected is None)


def test_amounts_are_no_whole_numbers_and_no_times() -> None:
    """A currency belongs to money alone."""
    assert _parsed(["$3"], "integer") == ([None], {"not_an_integer": [0]})
    assert _parsed(["$1700000000"], "timestamp") == ([None], {"unparsable": [0]})


@settings(deadline=None)
@given(st.floats(0, 1e9).map(lambda number: round(number, 2)), st.booleans())
def test_german_and_swiss_numbers(number: float, grouped: bool) -> None:
    english = f"{number:,.2f}" if grouped else f"{number:.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_column(pa.array([german]), "float", COMMA).values.to_pylist() == [number]
    assert parse_column(pa.array([english]), "float").values.to_pylist() == [number]
    assert parse_column(pa.array([english.replace(",", "’")]), "float").values.to_pylist() == [number]


@pytest.mark.parametrize("data_type", [pa.float32(), pa.float64(), pa.int8(), pa.decimal128(9, 2)])
def test_numbers_of_many_types(data_type: pa.DataType) -> None:
    values = [Decimal("1"), None] if pa.types.is_decimal(data_type) else [1, None]
    assert _parsed(values, "float", data_type) == ([1.0, None], {})


def test_nan_in_a_float_column() -> None:
    assert _parsed([1.0, math.nan, math.inf], "float") == ([1.0, None, None], {"not_finite": [1, 2]})


def test_integers() -> None:
    assert _parsed(["1", "2.0", "2.5", "x", ""], "integer") == ([1, 2, None, None, None], {"not_an_integer": [2, 3]})
    assert _parsed([1.0, 1.5], "integer") == ([1, None], {"not_an_integer": [1]})
    assert _parsed([3, None], "integer", pa.int32()) == ([3, None], {})
    assert _parsed([2**64 - 1], "integer", pa.uint64()) == ([None], {"not_an_integer": [0]})
    large = [2**53 + 1, 2**63 - 1, -(2**63)]
    assert _parsed([str(value) for value in large], "integer") == (large, {})
    assert _parsed([*map(str, large), "x", str(2**63)], "integer") == ([*large, None, None], {"not_an_integer": [3, 4]})
    assert _parsed(["0x1F", "+5"], "integer") == ([None, 5], {"not_an_integer": [0]})


def test_booleans() -> None:
    values = ["true", "FALSE", "1", "0", " Yes", "n", "", "maybe"]
    assert _parsed(values, "boolean") == ([1, 0, 1, 0, 1, 0, None, None], {"not_a_boolean": [7]})
    assert _parsed([True, None], "boolean") == ([1, None], {})
    assert _parsed([1, 0, 2], "boolean") == ([1, 0, None], {"not_a_boolean": [2]})
    assert _parsed([1.0, 0.0], "boolean") == ([1, 0], {})
    assert _parsed(["1.0", "0.0", "2.0"], "boolean") == ([1, 0, None], {"not_a_boolean": [2]})


def test_vectors() -> None:
    assert _parsed([[1.0, 2.0], None, []], "vector") == ([[1.0, 2.0], None, None], {})
    assert _parsed([[1, 2]], "vector", pa.list_(pa.int64(), 2)) == ([[1.0, 2.0]], {})
    assert _parsed([[1.0], [math.nan, 2.0], [None]], "vector") == ([[1.0], None, None], {"not_a_vector": [1, 2]})
    values = ["[1, 2.5]", "", "[]", "[1", "{}", '["a"]', "[NaN]", "[true]", None]
    assert _parsed(values, "vector") == ([[1.0, 2.5]] + [None] * 8, {"not_a_vector": [3, 4, 5, 6, 7]})


@pytest.mark.parametrize("kind", ["float", "integer", "boolean", "timestamp", "vector"])
def test_a_column_of_nulls(kind: str) -> None:
    assert _parsed([None, None], kind, pa.null()) == ([None, None], {})
    assert _parsed(["", None], kind, pa.string()) == ([None, None], {})


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(), st.floats().map(str), st.integers().map(str)), max_size=8))
def test_any_text_is_a_value_missing_or_a_problem(values: list[str | None]) -> None:
    for kind in ("float", "integer", "boolean", "timestamp", "vector"):
        column = parse_column(pa.array(values, pa.large_string()), kind)
        problems = np.zeros(len(values), np.int64)
        for mask in column.problems.values():
            problems += mask
        for value, parsed, problem in zip(values, column.values.to_pylist(), problems, strict=True):
            if not (value or "").strip():
                assert parsed is None
                assert problem == 0
            elif parsed is None and kind != "vector":
                assert problem == 1
            else:
                assert problem <= 1


def test_whole_numbers_that_a_double_rounds() -> None:
    large = 2**62 + 1
    truths = parse_column(pa.array([large, 1, None, 0], pa.int64()), "boolean")
    assert truths.values.to_pylist() == [None, 1, None, 0]
    assert truths.problems["not_a_boolean"].tolist() == [True, False, False, False]
    vectors = parse_column(pa.array([[large], [1]], pa.list_(pa.int64())), "vector")
    assert vectors.values.to_pylist() == [[float(2**62)], [1.0]]
    assert vectors.problems == {}
