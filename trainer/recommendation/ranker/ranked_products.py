"""What the towers and the ranker read of how products sell, and of what they are."""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from serving.recommendation.ranking_features import PRODUCT_STATISTICS, RankedProducts
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.names import PRODUCT_STATISTICS_FILE
from trainer.artifacts.parquet_files import read_parquet

# A product that few bought is thought of as one of five more buyers, one of whom came back.
_PRIOR_BUYERS = 5.0
_PRIOR_REPEAT_BUYERS = 1.0


def load_totals(catalogue_uri: str) -> npt.NDArray[np.float64]:
    """Returns the weight of each product's events up to where the towers' training ends, float64 `(products,)`."""
    return _columns(catalogue_uri)["total"][0]


def load_product_statistics(catalogue_uri: str) -> npt.NDArray[np.float32]:
    """Returns float32 `(moments, products, statistics)`: one moment for each window of the ranker, and last the test's.

    The statistics are `serving.recommendation.ranking_features.PRODUCT_STATISTICS`.
    """
    counts = _columns(catalogue_uri)
    logs = {name: np.log1p(values) for name, values in counts.items()}
    kinds = _numbered(load_catalogue(catalogue_uri, ["category"])["category"])
    kind_decayed, kind_latest = (np.log1p(_of_kind(counts[name], kinds)) for name in ("decayed", "latest"))
    found = {
        "log_total": logs["total"],
        "log_decayed": logs["decayed"],
        "log_recent": logs["recent"],
        "trend": logs["recent"] - logs["decayed"],
        "repeat_rate": (counts["repeat_buyers"] + _PRIOR_REPEAT_BUYERS) / (counts["buyers"] + _PRIOR_BUYERS),
        "log_buyers": logs["buyers"],
        "events_per_buyer": logs["total"] - logs["buyers"],
        "log_latest": logs["latest"],
        "latest_trend": logs["latest"] - logs["decayed"],
        "log_kind": kind_decayed,
        "share_of_kind": logs["decayed"] - kind_decayed,
        "kind_trend": kind_latest - kind_decayed,
    }
    return np.stack([found[name] for name in PRODUCT_STATISTICS], axis=-1).astype(np.float32)


def ranked_products(catalogue: pa.Table, capped: Sequence[str] = ()) -> RankedProducts:
    """Returns what the ranker knows of the products of a catalogue table.

    A kind is a whole category, all its levels. An unknown price counts as the mean of the known ones' logarithms.

    Args:
        catalogue: The table.
        capped: Its columns whose exposure is capped.
    """
    logs = np.log1p(np.maximum(catalogue["price"].cast(pa.float64()).fill_null(float("nan")).to_numpy(), 0.0))
    known = np.isfinite(logs)
    return RankedProducts(
        kinds=_numbered(catalogue["category"]),
        brands=_numbered(catalogue["brand"]),
        log_prices=np.where(known, logs, logs[known].mean() if known.any() else 0.0),
        capped={column: _numbered(catalogue[column]) for column in capped},
    )


def _numbered(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Numbers the distinct texts from 1; 0 is the empty one."""
    texts = column.fill_null("").combine_chunks()
    distinct = pc.unique(texts).to_pylist()
    numbers = {text: number for number, text in enumerate(sorted(set(distinct) - {""}), start=1)}
    return np.array([numbers.get(text, 0) for text in texts.to_pylist()], np.int64)


def _of_kind(values: npt.NDArray[np.float64], kinds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Adds up `(moments, products)` over the products of each one's kind; a product without one stands alone."""
    sums = np.stack([np.bincount(kinds, row) for row in values])[:, kinds]
    return np.where(kinds > 0, sums, values)


def _columns(catalogue_uri: str) -> dict[str, npt.NDArray[np.float64]]:
    """Returns each statistic as float64 `(moments, products)`."""
    table = read_parquet(os.path.join(catalogue_uri, PRODUCT_STATISTICS_FILE))
    columns: dict[str, list[npt.NDArray[np.float64]]] = {}
    for name in table.column_names:
        # Columns are named after a statistic and the number of a moment, and stand in the order of moments.
        columns.setdefault(name.rpartition("_")[0], []).append(table[name].to_numpy().astype(np.float64))
    return {name: np.stack(values) for name, values in columns.items()}
