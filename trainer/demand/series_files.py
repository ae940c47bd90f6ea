"""Series as files: what DemandExamples writes, and all other nodes read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.names import PARQUET_SUFFIX
from trainer.artifacts.parquet_files import read_parquet
from trainer.demand.series import DemandSeries, Floats

SERIES_SPLIT = "series"
_PREFIX, _CATEGORIES = "series", "categories"
_CARRIED, _SEASONAL = "price", "year_"


class StoredSeries(NamedTuple):
    """Series, and what they are of.

    Attributes:
        series: The arrays.
        level: `product` or `category` of each.
        product_ids: Of each; "" for a category.
        store_ids: Of each; "" where all stores are one.
        categories: Of each; "" where none is known.
        prices: float32 `(series, weeks)`; NaN where nothing was sold.
        stock: on_hand, lead_time_days, pack_size and unit_cost, float64 `(series,)` each; NaN where unknown.
        facts: What DemandExamples says of all of them.
    """

    series: DemandSeries
    level: list[str]
    product_ids: list[str]
    store_ids: list[str]
    categories: list[str]
    prices: Floats
    stock: dict[str, np.ndarray[Any, np.dtype[np.float64]]]
    facts: dict[str, Any]


def series_file(uri: str, bucket: int | None) -> str:
    """Returns the path of the series of a bucket of products; None for the categories."""
    return f"{uri}/{_CATEGORIES if bucket is None else f'{_PREFIX}-{bucket:05d}'}{PARQUET_SUFFIX}"


def load_series(examples_uri: str, catalogue_uri: str, *, categories: bool = True) -> StoredSeries:
    """Reads all series: products in the order of their ids, then categories.

    Memory grows with the series times the weeks times the covariates, at 4 bytes each.

    Args:
        examples_uri: The Examples artifact.
        catalogue_uri: The Catalogue artifact.
        categories: Whether to read those too.
    """
    facts = load_catalogue_facts(catalogue_uri)
    folder = f"{examples_uri}/Split-{SERIES_SPLIT}"
    table = read_parquet(f"{folder}/{_PREFIX}-*{PARQUET_SUFFIX}")
    if categories:
        table = pa.concat_tables([table, read_parquet(f"{folder}/{_CATEGORIES}{PARQUET_SUFFIX}")])
    weeks, horizon, names = facts["weeks"], facts["horizon"], facts["covariates"]
    ids = load_catalogue(catalogue_uri, ["product_id"])["product_id"].cast(pa.binary())
    place = pc.fill_null(pc.index_in(table["product_id"], value_set=ids.combine_chunks()), -1)
    series = DemandSeries(
        product=np.asarray(place.to_numpy(), np.int64),
        units=_matrix(table["units"], weeks),
        covariates=_matrix(table["covariates"], (weeks + horizon) * len(names)).reshape(
            len(table), weeks + horizon, len(names)
        ),
        carried=tuple(number for number, name in enumerate(names) if name == _CARRIED),
        seasonal=tuple(number for number, name in enumerate(names) if name.startswith(_SEASONAL)),
    )
    stock = {
        name: np.asarray(pc.fill_null(table[name], float("nan")).to_numpy(), np.float64)
        for name in ("on_hand", "lead_time_days", "pack_size", "unit_cost")
    }
    return StoredSeries(
        series,
        table["level"].to_pylist(),
        _texts(table["product_id"]),
        _texts(table["store_id"]),
        table["category"].to_pylist(),
        _matrix(table["prices"], weeks),
        stock,
        facts,
    )


def test_origins(facts: Mapping[str, Any]) -> list[int]:
    """Returns after how many weeks a model is asked about the test weeks, a horizon apart."""
    return list(range(facts["test_week"], facts["weeks"] - facts["horizon"] + 1, facts["horizon"]))


def _matrix(column: pa.ChunkedArray, width: int) -> Floats:
    flat = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    values = np.concatenate(flat) if flat else np.zeros(0, np.float32)
    return np.asarray(values, np.float32).reshape(len(column), width)


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [(value or b"").decode("utf-8", "surrogateescape") for value in column.to_pylist()]
