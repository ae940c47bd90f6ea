"""Tables of impressions with ready features, as the response model learns from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer.response.feature_table import FeatureNames, FeatureTable


def feature_names(
    learned: pd.DataFrame, numbers: Sequence[str], categories: Sequence[str], item: str | None, outcome: str
) -> FeatureNames:
    """Returns what the columns are, with the values of categories and items that were learned from."""
    return FeatureNames(
        numbers=tuple(numbers),
        categories={name: tuple(sorted(learned[name].dropna().astype(str).unique())) for name in categories},
        items=0 if item is None else learned[item].nunique(),
        positions=0,
        outcomes=(outcome,),
    )


def feature_table(
    frame: pd.DataFrame,
    names: FeatureNames,
    learned: pd.DataFrame,
    *,
    item: str | None = None,
    weight: npt.NDArray[Any] | None = None,
) -> FeatureTable:
    """Returns rows of a frame with the columns that `feature_names` says."""
    categories = [_places(frame[name], values) for name, values in names.categories.items()]
    items = np.sort(learned[item].astype(str).unique()) if item is not None else []
    return FeatureTable(
        numbers=frame[list(names.numbers)].to_numpy(np.float32),
        categories=np.stack(categories, axis=1) if categories else np.zeros((len(frame), 0), np.int32),
        vectors=np.zeros((len(frame), 0), np.float32),
        item=_places(frame[item], items) if item is not None else np.zeros(len(frame), np.int32),
        position=np.zeros(len(frame), np.int32),
        outcomes=frame[list(names.outcomes)].to_numpy(np.float32),
        weight=np.ones(len(frame), np.float32) if weight is None else weight.astype(np.float32),
    )


def _places(column: pd.Series, values: Sequence[str]) -> npt.NDArray[np.int32]:
    known = pd.Index(values)
    return (known.get_indexer(column.astype(str)) + 1).astype(np.int32)
