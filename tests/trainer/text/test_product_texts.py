"""Product texts: one at a time and by the column, the same."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.text.product_texts import product_text, product_texts

FIELDS = ("title", "brand", "category", "description", "product_id", "sku")
VALUES = st.one_of(st.none(), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12))


def test_empty_fields_are_left_out() -> None:
    bread = {"title": "Rye", "brand": " ", "category": "food > bread", "product_id": "24-MB01", "sku": ""}
    assert product_text(bread, FIELDS) == "Rye. food bread. 24-MB01"
    assert product_text({**bread, "brand": "Mill"}, ("brand", "title")) == "Mill. Rye"
    assert product_text({}, FIELDS) == ""


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match=r"Received \['colour'\]"):
        product_text({"title": "a"}, ("title", "colour"))
    with pytest.raises(ValueError, match=r"Received \['colour'\]"):
        product_texts(pa.table({"title": ["a"]}), ("title", "colour"))


@given(st.lists(st.tuples(*(VALUES for _ in FIELDS)), max_size=6), st.permutations(FIELDS), st.integers(0, 6))
def test_columns_give_what_single_texts_give(rows: list[tuple], order: list[str], count: int) -> None:
    fields = tuple(order[:count])
    expected = [
        product_text({name: value or "" for name, value in zip(FIELDS, row, strict=True)}, fields) for row in rows
    ]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(FIELDS)}
    plain = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    assert product_texts(plain, fields) == expected
    lists = pa.table(
        {
            name: pa.array([None if value is None else [value.encode()] for value in values], pa.list_(pa.binary()))
            for name, values in columns.items()
        }
    )
    assert product_texts(lists, fields) == expected
    halves = pa.concat_tables([lists.slice(0, len(rows) // 2), lists.slice(len(rows) // 2)])
    assert product_texts(halves, fields) == expected


def test_absent_columns_and_empty_lists_are_empty() -> None:
    table = pa.table({"title": pa.array([[b"milk"], [], [b"tea", b"more"]], pa.list_(pa.binary()))})
    assert product_texts(table, FIELDS) == ["milk", "", "tea"]
    assert product_texts(pa.table({"price": [1.0, 2.0]}), FIELDS) == ["", ""]


def test_other_bytes_are_named() -> None:
    with pytest.raises(ValueError, match="Column `title` should hold UTF-8"):
        product_texts(pa.table({"title": pa.array([b"\xff\xfe"])}), ("title",))
