import pytest

from tfx_pipeline.init.values.numbers import decimal_sign, is_number


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
        ("", ".", False),
        ("12a", ".", False),
        (3, ".", True),
        (True, ".", False),
        (None, ".", False),
    ],
)
def test_what_is_a_number(value: object, decimal: str, expected: bool) -> None:
    assert is_number(value, decimal) is expected
