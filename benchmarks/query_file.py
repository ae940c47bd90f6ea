"""The queries that a served search is asked."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq


def read_queries(path: Path, split: str = "test") -> list[str]:
    """Returns the distinct queries of a Parquet file's column `query`, of one split where it has any."""
    table = pq.read_table(path)
    if "split" in table.column_names:
        table = table.filter(pc.equal(table["split"], split))
    queries: list[str] = pc.unique(table["query"]).to_pylist()
    return queries
