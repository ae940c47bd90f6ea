"""Products that are named in each line of orders: the row that counts, found by counting by hand."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from components.tables.contract import TABLES, TableOptions, columns_to_read
from components.tables.sources import TableSource
from components.tables.unique.repeats import best_rows, fold_repeats
from components.tables.validation import check_rows
from tests.components.tables.table_runs import run_table

COLUMNS = {"product_id": "code", "title": "name", "price": "unit"}


def batch_of(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows as the examples have them."""
    raw = pa.RecordBatch.from_pylist(rows)
    assert columns_to_read(TABLES["products"], TableOptions())
    return check_rows(TABLES["products"], TableOptions(), raw, 2e9).good


def counted_by_hand(rows: list[dict[str, Any]]) -> dict[str, tuple[str, float | None]]:
    """Title and price of each id: the title of the most rows with a price, and the last price that it has."""
    found = {}
    for product in dict.fromkeys(row["product_id"] for row in rows):
        own = [row for row in rows if row["product_id"] == product]
        weights = Counter(dict.fromkeys(dict.fromkeys(row["title"] for row in own), 0))
        none_priced = not any(row["price"] and row["price"] > 0 for row in own)
        weights.update(row["title"] for row in own if none_priced or (row["price"] and row["price"] > 0))
        heaviest = max(weights.values())
        tied = [title for title, weight in weights.items() if weight == heaviest]
        # Of titles that weigh the same, the one whose row that counts stands first.
        candidates = []
        for title in tied:
            same = [(place, row) for place, row in enumerate(own) if row["title"] == title]
            priced = [(place, row) for place, row in same if row["price"] and row["price"] > 0]
            candidates.append((priced or same)[-1])
        found[product] = (min(candidates)[1]["title"], min(candidates)[1]["price"])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_row_that_counts_is_the_same_whole_and_in_pieces(seed: int) -> None:
    dice = np.random.default_rng(seed)
    rows = [
        {"product_id": f"p{dice.integers(6)}", "title": f"t{dice.integers(4)}", "price": float(dice.integers(3))}
        for _ in range(120)
    ]
    # Some rows, some parts as a whole, and some products have no price at all.
    for place, row in enumerate(rows):
        if place < 60 or row["product_id"] in ("p0", "p1") or place % 5 == 0:
            row["price"] = None if row["product_id"] != "p1" or place % 2 else 0.0
    expected = counted_by_hand(rows)
    for cuts in ([0, 120], [0, 7, 60, 61, 120]):
        pieces = []
        weights: list[list[int]] = []
        for begin, end in itertools.pairwise(cuts):
            batch = batch_of(rows[begin:end])
            folded = fold_repeats(batch, "product_id")
            pieces.append(batch.take(pa.array(folded.rows)))
            weights.extend(folded.weights.tolist())
        joined = pa.Table.from_batches(pieces).combine_chunks().to_batches()[0]
        left = joined.take(pa.array(best_rows(joined, "product_id", np.array(weights)))).to_pylist()
        found = {
            row["product_id"][0].decode(): (row["title"][0].decode(), row["price"] and row["price"][0]) for row in left
        }
        assert found == expected
        assert len(left) == len(expected)


def lines() -> pd.DataFrame:
    rows = [("a", "TEA", 2.5)] * 5 + [("a", "damaged", 0.0)] * 9 + [("a", "TEA", 3.0)]
    rows += [("b", "POT", 9.0), ("b", "POTT", 8.0), ("b", "POT", 9.5), ("c", "?", 0.0)]
    return pd.DataFrame(rows, columns=["code", "name", "unit"])


def test_rows_that_name_a_product_again_are_no_fault(tmp_path: Path) -> None:
    lines().to_csv(tmp_path / "lines.csv", index=False)
    source = TableSource(path=str(tmp_path / "lines.csv"), columns=COLUMNS, repeats="merged")
    run = run_table(tmp_path, "products", [source])
    found = {row["product_id"]: (row["title"], row["price"]) for row in run.rows()}
    assert found == {"a": ("TEA", 3.0), "b": ("POT", 9.5), "c": ("?", 0.0)}
    counts = run.counts()
    assert (counts["rows"], counts["good"], counts["bad"]) == (19, 3, {})
    assert counts["set_aside"] == {"repeated": 16}
    assert run.refused() == []


def test_the_order_of_the_file_counts_though_a_join_spreads_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.tables.shaping.joined_columns._BUCKET_BYTES", 5000)
    keys = [f"k{row}" for row in range(1000)]
    (tmp_path / "p.csv").write_text("product_id,key\n" + "".join(f"P{n % 200},{k}\n" for n, k in enumerate(keys)))
    # One title a product, so that its last price counts.
    joined = "".join(f"{key},title of P{n % 200},{n + 1}\n" for n, key in enumerate(keys))
    (tmp_path / "prices.csv").write_text("key,title,price\n" + joined)
    join = {"path": str(tmp_path / "prices.csv"), "on": "key"}
    source = TableSource.model_validate({"path": str(tmp_path / "p.csv"), "join": join, "repeats": "merged"})
    run = run_table(tmp_path / "run", "products", [source])
    assert {row["product_id"]: row["price"] for row in run.rows()} == {f"P{n}": 801.0 + n for n in range(200)}
    assert run.counts()["set_aside"] == {"repeated": 800}


def test_without_the_option_they_are_bad_rows(tmp_path: Path) -> None:
    lines().to_csv(tmp_path / "lines.csv", index=False)
    run = run_table(tmp_path, "products", [TableSource(path=str(tmp_path / "lines.csv"), columns=COLUMNS)])
    assert run.counts()["bad"] == {"duplicate_product_id": 16}


def test_a_catalogue_that_is_named_first_counts_before_merged_lines(tmp_path: Path) -> None:
    lines().to_csv(tmp_path / "lines.csv", index=False)
    pd.DataFrame({"product_id": ["a"], "title": ["Green tea"], "price": [2.0]}).to_csv(
        tmp_path / "own.csv", index=False
    )
    sources = [
        TableSource(path=str(tmp_path / "own.csv")),
        TableSource(path=str(tmp_path / "lines.csv"), columns=COLUMNS, repeats="merged"),
    ]
    run = run_table(tmp_path, "products", sources)
    assert {row["product_id"]: row["title"] for row in run.rows()} == {"a": "Green tea", "b": "POT", "c": "?"}
    counts = run.counts()
    assert counts["bad"] == {}
    assert counts["set_aside"] == {"repeated": 16, "same_product_id_in_another_source": 1}
    assert counts["rows"] == counts["good"] + sum(counts["set_aside"].values()) == 20


def test_a_csv_without_a_header_takes_the_names_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("a,Tea,2.5\nb,Pot,9\n")
    source = TableSource(path=str(tmp_path / "plain.csv"), names=("code", "name", "unit"), columns=COLUMNS)
    rows = sorted(run_table(tmp_path, "products", [source]).rows(), key=lambda row: str(row["product_id"]))
    assert [(row["product_id"], row["title"], row["price"]) for row in rows] == [("a", "Tea", 2.5), ("b", "Pot", 9.0)]


def test_an_empty_value_leaves_out_the_rows_without_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"product_id": "a", "title": "Tea"}\n{"product_id": null, "title": "Pot"}\n')
    source = TableSource(path=str(tmp_path / "a.jsonl"), leave_out={"product_id": ("",)})
    counts = run_table(tmp_path, "products", [source]).counts()
    assert (counts["good"], counts["bad"], counts["set_aside"]) == (1, {}, {"left_out": 1})
