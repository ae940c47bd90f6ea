"""From the tables `synonyms`, `relations` and `pins` to what is served of them."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import tensorflow as tf

from components.errors import InputError
from components.tables.read_back import table_batches, table_columns
from serving.graph.words import plain_words, singular_words
from serving.merchant.word import BANNED, MerchantWord, Pin, Relation, RelationKind

MERCHANT_TABLES = ("synonyms", "relations", "pins")
# What search reads of them, and recommendation.
SEARCH_TABLES, RECOMMENDATION_TABLES = ("synonyms", "pins"), ("relations", "pins")
# A term is looked up by single words and by pairs.
_MOST_WORDS = 2
_SHOWN = 3


def merchant_word(files: Mapping[str, Sequence[str]]) -> MerchantWord:
    """Reads what a merchant says; the tables are as small as one person writes them.

    Args:
        files: Parquet files of `MERCHANT_TABLES`; none, or no entry, for a table that was not given.

    Raises:
        InputError: Rows of a table make no sense; the message says which.
    """
    return MerchantWord(
        synonyms=_synonyms(_rows(files.get("synonyms", ()))),
        pins=_pins(_rows(files.get("pins", ()))),
        relations=_relations(_rows(files.get("relations", ()))),
    )


def _rows(files: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            name: value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
            for name, value in row.items()
        }
        for batch in table_batches(files, table_columns(files))
        for row in batch.to_pylist()
    ]


def _synonyms(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if not rows:
        return {}
    terms, same = (_words([row[name] for row in rows]) for name in ("term", "same_as"))
    wrong = [
        f"`{row['term']}` ({_fault(term, as_)})"
        for row, term, as_ in zip(rows, terms, same, strict=True)
        if _fault(term, as_)
    ]
    _refuse("synonyms", wrong, "a term of one or two words and another word for it, each term once")
    found: dict[str, str] = {}
    again = []
    for row, term, as_ in zip(rows, terms, same, strict=True):
        if found.setdefault(" ".join(term), " ".join(as_)) != " ".join(as_):
            again.append(f"`{row['term']}` (a second meaning)")
    _refuse("synonyms", again, "a term of one or two words and another word for it, each term once")
    return found


def _fault(term: list[str], same_as: list[str]) -> str:
    if not 0 < len(term) <= _MOST_WORDS:
        return f"{len(term)} words"
    if not same_as:
        return "no word for it"
    return "the same word" if term == same_as else ""


def _words(texts: list[str]) -> list[list[str]]:
    words = singular_words(plain_words(tf.constant(texts))).to_list()
    return [[word.decode() for word in row] for row in words]


def _pins(rows: Sequence[Mapping[str, Any]]) -> list[Pin]:
    pins, wrong = [], []
    for row in rows:
        place, banned = row.get("place"), bool(row.get("banned"))
        start, end = row.get("start"), row.get("end")
        if (place is None) != banned:
            wrong.append(f"`{row['product_id']}` ({'a place and banned' if banned else 'neither a place nor banned'})")
        elif start is not None and end is not None and end <= start:
            wrong.append(f"`{row['product_id']}` (it ends before it starts)")
        elif row.get("query") and row.get("category"):
            wrong.append(f"`{row['product_id']}` (a query and a category)")
        else:
            pins.append(
                Pin(
                    product_id=_id(row["product_id"]),
                    query=row.get("query") or "",
                    category=row.get("category") or "",
                    place=BANNED if place is None else int(place),
                    start=float("-inf") if start is None else float(start),
                    end=float("inf") if end is None else float(end),
                )
            )
    _refuse("pins", wrong, "a product with a place from 1 on or banned, for a query, for a category, or for all")
    return pins


def _relations(rows: Sequence[Mapping[str, Any]]) -> list[Relation]:
    kinds = get_args(RelationKind)
    wrong = [
        f"`{row['product_id']}` ({f'kind `{kind}`' if kind not in kinds else 'related to itself'})"
        for row in rows
        if (kind := row["kind"]) not in kinds or row["product_id"] == row["related_id"]
    ]
    _refuse("relations", wrong, f"two products and a kind, which is {', '.join(kinds[:-1])} or {kinds[-1]}")
    return [Relation(_id(row["product_id"]), _id(row["related_id"]), row["kind"]) for row in rows]


def _id(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _refuse(table: str, wrong: Sequence[str], expected: str) -> None:
    if wrong:
        more = f" and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        raise InputError(
            f"Each row of table `{table}` should have {expected}, but {len(wrong):,} have not: "
            f"{', '.join(wrong[:_SHOWN])}{more}; correct them."
        )
