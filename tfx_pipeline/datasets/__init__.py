"""Adapters: known data sets as Shelfwise's tables."""

from tfx_pipeline.datasets.registry import DATASETS, prepare_dataset

__all__ = ["DATASETS", "prepare_dataset"]
