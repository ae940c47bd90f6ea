"""The merchant's tables: what is read of them, and one message for each that makes no sense."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.merchant.tables import merchant_word
from serving.merchant.word import MerchantWord, Pin, Relation


def written(path: Path, rows: Sequence[dict[str, Any]]) -> list[str]:
    """A table as it is stored: a list of one value, or of none, a cell."""
    columns = {
        name: [None if row.get(name) is None else [row[name]] for row in rows]
        for name in {name: None for row in rows for name in row}
    }
    pq.write_table(pa.table(columns), path)
    return [str(path)]


def word_of(folder: Path, **tables: Sequence[dict[str, Any]]) -> MerchantWord:
    return merchant_word({name: written(folder / f"{name}.parquet", rows) for name, rows in tables.items()})


def test_what_is_read(tmp_path: Path) -> None:
    assert word_of(tmp_path) == MerchantWord(pins=[], relations=[])
    word = word_of(
        tmp_path,
        synonyms=[{"term": b"Soda-Pops", "same_as": b"Soft Drinks"}, {"term": "soda pop", "same_as": "soft drink"}],
        relations=[{"product_id": b"A\xff", "related_id": "B", "kind": "accessory"}],
        pins=[
            {"product_id": b"A\xff", "query": b"tea", "place": 2, "banned": 0},
            {"product_id": b"B", "category": b"Home > Kitchen", "banned": 1, "start": 5, "end": 9},
        ],
    )
    assert word.synonyms == {"soda pop": "soft drink"}
    assert word.relations == [Relation(b"A\xff", b"B", "accessory")]
    assert word.pins == [
        Pin(product_id=b"A\xff", query="tea", place=2),
        Pin(product_id=b"B", category="Home > Kitchen", start=5.0, end=9.0),
    ]


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        ("synonyms", [{"term": "a b c", "same_as": "d"}], r"`synonyms`.*1 have not: `a b c` \(3 words\); correct them"),
        ("synonyms", [{"term": "teas", "same_as": "Tea"}], r"`teas` \(the same word\)"),
        (
            "synonyms",
            [{"term": "!", "same_as": "tea"}, {"term": "x", "same_as": "?"}],
            r"2 have not: `!` \(0 words\), `x`",
        ),
        ("synonyms", [{"term": "a", "same_as": "b"}, {"term": "A", "same_as": "c"}], r"`A` \(a second meaning\)"),
        ("relations", [{"product_id": "A", "related_id": "B", "kind": "twin"}], r"`A` \(kind `twin`\)"),
        ("relations", [{"product_id": "A", "related_id": "A", "kind": "variant"}], r"`A` \(related to itself\)"),
        ("pins", [{"product_id": "A"}], r"`pins`.*`A` \(neither a place nor banned\)"),
        ("pins", [{"product_id": "A", "place": 1, "banned": 1}], r"`A` \(a place and banned\)"),
        ("pins", [{"product_id": "A", "place": 1, "start": 9, "end": 9}], r"ends before it starts"),
        ("pins", [{"product_id": "A", "place": 1, "query": "q", "category": "c"}], r"a query and a category"),
        ("pins", [{"product_id": str(row)} for row in range(5)], r"5 have not: .* and 2 more"),
    ],
)
def test_a_bad_table_gets_one_message(tmp_path: Path, table: str, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        word_of(tmp_path, **{table: rows})
