"""What benchmarks make of the run files that they write, beside the definitions said over in plain Python."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.query_file import read_queries
from benchmarks.search_quality import run_ndcg
from benchmarks.sequences import last_product_ranks


def test_ndcg_of_a_run_counts_relevant_products_of_test_queries(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    judgements = [
        {"query": f"q{query}", "product_id": str(product), "relevance": float(random.choice([1.0, 2.0, 2.33, 3.0]))}
        for query in range(20)
        for product in random.choice(60, 14, replace=False)
    ]
    for row in judgements:
        row["split"] = "test" if int(row["query"][1:]) % 2 else "train"
    # Queries 5 and 9 are not answered, though something is relevant to them.
    run = [
        {"query": f"q{query}", "product_id": str(product), "rank": rank + 1}
        for query in range(20)
        if query not in (5, 9)
        for rank, product in enumerate(random.choice(60, 30, replace=False))
    ]
    pq.write_table(pa.Table.from_pylist(run), tmp_path / "run.parquet")
    expected = []
    for query in {row["query"] for row in judgements if row["split"] == "test"}:
        wanted = {row["product_id"] for row in judgements if row["query"] == query and row["relevance"] >= 2.33}
        if not wanted:
            continue
        ranked = sorted((row for row in run if row["query"] == query), key=lambda row: row["rank"])[:10]
        gain = sum(1 / math.log2(row["rank"] + 1) for row in ranked if row["product_id"] in wanted)
        expected.append(gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted)))))
    found = run_ndcg(pa.Table.from_pylist(judgements), tmp_path / "run.parquet")
    assert found == pytest.approx(sum(expected) / len(expected))
    assert 0.0 < found < 1.0


def test_ndcg_without_a_relevant_product_is_not_known(tmp_path: Path) -> None:
    pq.write_table(pa.table({"query": ["q"], "product_id": ["1"], "rank": [1]}), tmp_path / "run.parquet")
    judgements = pa.table({"query": ["q"], "product_id": ["1"], "relevance": [1.0], "split": ["test"]})
    assert run_ndcg(judgements, tmp_path / "run.parquet") is None


def test_the_last_product_of_each_user_is_what_is_looked_for() -> None:
    events = pa.table(
        {
            "user_id": ["b", "a", "a", "b", "c"],
            "product_id": ["y", "late", "early", "x", "z"],
            "position": [1, 9, 2, 3, 0],
        }
    )
    run = pa.table({"user_id": ["a", "a", "b"], "product_id": ["early", "late", "x"], "rank": [1, 2, 1]})
    # By user id: a's second, b's first, and none of c's.
    assert last_product_ranks(events, run).tolist() == [2.0, 1.0, math.inf]


def test_queries_are_those_of_the_test_where_there_are_splits(tmp_path: Path) -> None:
    table = pa.table({"query": ["tea", "tea", "cup"], "split": ["test", "test", "train"]})
    pq.write_table(table, tmp_path / "split.parquet")
    pq.write_table(table.drop_columns("split"), tmp_path / "plain.parquet")
    assert read_queries(tmp_path / "split.parquet") == ["tea"]
    assert read_queries(tmp_path / "plain.parquet") == ["tea", "cup"]
