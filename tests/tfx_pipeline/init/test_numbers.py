"""Numbers as shops write them: a guess takes what a run reads, and nothing else."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from components.tables.reading.parsing import parse_column
from components.tables.reading.value_form import ValueForm
from tfx_pipeline.init.values.numbers import Sign, decimal_sign, is_number, unreadable_numbers


@pytest.mark.parametrize(
    ("values", "sign", "certain"),
    [
        (["12.50", "3"], ".", True),
        (["12,50", "3"], ",", True),
        (["1.234,50", "12"], ",", True),
        (["1,234.50", "12"], ".", True),
        (["1,234", "5,678"], ".", False),
        (["€ 3,50"], ",", True),
        (["$12.99"], ".", True),
        (["12,50 kr."], ",", True),
        (["0,950", "1,200"], ",", True),
        (["1", "2"], ".", True),
        ([1.5, 2], ".", True),
        ([], ".", True),
        (["red, blue"], ".", True),
    ],
)
def test_the_sign_before_fractions(values: list[object], sign: str, certain: bool) -> None:
    assert decimal_sign(values) == (sign, certain)


@pytest.mark.parametrize(
    ("value", "decimal", "expected"),
    [
        ("12.50", ".", True),
        ("1,234.50", ".", True),
        ("1,23", ".", False),
        ("1.234,50", ",", True),
        ("12.50", ",", False),
        ("$12.99", ".", True),
        ("12.50 €", ".", True),
        ("1,299", ".", False),
        ("1,299", ",", True),
        (Decimal("12.50"), ",", True),
        ("", ".", False),
        ("12a", ".", False),
        (3, ".", True),
        (True, ".", False),
        (None, ".", False),
    ],
)
def test_what_is_a_number(value: object, decimal: str, expected: bool) -> None:
    assert is_number(value, decimal) is expected


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_guess_takes_what_a_run_reads(decimal: Sign) -> None:
    texts = [
        "$12.50",
        "12.50 €",
        "CHF 12,50",
        "1,299",
        "1.299",
        "1.234,5",
        "1,234.5",
        "12",
        "1e3",
        "12a",
        "nan",
        "1e99",
    ]
    for text in texts:
        read = parse_column(pa.array([text]), "float", ValueForm(decimal=decimal)).values[0].is_valid
        assert is_number(text, decimal) == read or text == "1e99"  # Which is no float32.
        assert (unreadable_numbers([text], "float", decimal) == []) == read


def test_numbers_of_files_with_types_and_what_is_none() -> None:
    for decimal in (".", ","):
        assert unreadable_numbers([1, 2.5, Decimal("3.50")], "float", decimal) == []
    assert unreadable_numbers([1, 2.5, "3", "3.0"], "integer", ".") == [2.5]
    assert unreadable_numbers([True, date(2024, 1, 1)], "float", ".") == [True, date(2024, 1, 1)]
    assert unreadable_numbers([], "float", ".") == []
