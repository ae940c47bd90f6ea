"""What a reason says of its column, and which advice fits what was seen."""

import pytest

from components.tables.contract import TABLES
from components.tables.refusals.reasons import advice_for, column_of
from components.tables.refusals.time_formats import formats_that_read

EVENTS = TABLES["events"].column_names


@pytest.mark.parametrize(
    ("reason", "column"),
    [
        ("missing_user_id", "user_id"),
        ("negative_price", "price"),
        ("duplicate_product_id", "product_id"),
        ("timestamp_looks_like_yyyymmdd", "timestamp"),
        ("quantity_not_a_number", "quantity"),
        ("unknown_event_type", None),
        ("wrong_number_of_fields", None),
        ("broken_json", None),
    ],
)
def test_the_column_of_a_reason(reason: str, column: str | None) -> None:
    assert column_of(reason, EVENTS) == column
    assert column_of(reason, [*EVENTS, "not", "number", "event"]) == column


def test_the_longer_of_two_names_counts() -> None:
    assert column_of("price_per_unit_not_a_number", ["price", "price_per_unit"]) == "price_per_unit"


@pytest.mark.parametrize(
    ("values", "said", "unsaid"),
    [
        (["3,50", "1.234,50", "1 234,5"], 'say `decimal: ","`', "currency"),
        (["1,280", "12,740"], "if `1,280` means 1280, write thousands without commas", "decimal"),
        (["3,50", "-"], "without a unit", "decimal"),
        (["12.00 kg"], "without a unit", "decimal"),
        (["n/a", "-"], "nothing where there is none", "decimal"),
        ([], "nothing where there is none", "decimal"),
    ],
)
def test_advice_on_numbers(values: list[str], said: str, unsaid: str) -> None:
    advice = advice_for("price_not_a_number", values)
    assert advice.startswith("expected a number such as 12.50")
    assert said in advice
    assert unsaid not in advice


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["30.06.2026 14:05", "1.7.2026 9:00"], ["%d.%m.%Y %H:%M"]),
        (["06/30/2026"], ["%m/%d/%Y"]),
        (["03/04/2026"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["30 Jun 2026"], ["%d %b %Y"]),
        (["6/30/26 2:05 PM"], ["%m/%d/%y %I:%M %p"]),
        (["yesterday"], []),
        (["30.06.2026", "yesterday"], []),
        ([], []),
    ],
)
def test_advice_on_times_names_the_formats_that_read_them(values: list[str], formats: list[str]) -> None:
    assert formats_that_read(values) == formats
    advice = advice_for("timestamp_unparsable", values)
    assert all(f'"{each}"' in advice for each in formats)
    assert ("time: {format:" in advice) == bool(formats)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("timestamp_in_milliseconds", "`time: {format: unix_milliseconds}`"),
        ("timestamp_looks_like_excel_serial", "`time: {format: excel}`"),
        ("timestamp_looks_like_yyyymmdd", '`time: {format: "%Y%m%d"}`'),
        ("timestamp_looks_like_yyyymmddhhmmss", '`time: {format: "%Y%m%d%H%M%S"}`'),
        ("timestamp_in_future", "Buddhist 2568 is 2025"),
        ("missing_title", "a value in each row"),
        ("relevance_out_of_range", "0 to 1"),
        ("propensity_out_of_range", "above 0"),
    ],
)
def test_advice_that_helps(reason: str, advice: str) -> None:
    assert advice in advice_for(reason, [])


def test_a_reason_that_says_it_all() -> None:
    assert advice_for("blank_query", []) == ""


def test_what_helps_with_a_text_that_is_no_list() -> None:
    assert "expected a list" in advice_for("items_not_a_list", ["7"])
