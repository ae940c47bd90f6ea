"""The rules of a gate for models that give labels; plain models that the configuration can import without TFX."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from components.gate.rules import GateRules, Margin
from components.labels.slices import slice_columns

_METRICS = ("accuracy", "f1_macro", "auc")
_COMPARED = ("accuracy", "f1_macro")


def _known_metric(name: str) -> str:
    if name not in _METRICS:
        raise ValueError(f"`{name}` is not a metric of classification: use one of {', '.join(_METRICS)}")
    return name


def _compared_metric(name: str) -> str:
    if name not in _COMPARED:
        raise ValueError(f"`{name}` has no interval of a difference: use one of {', '.join(_COMPARED)}")
    return name


LabelMetric = Annotated[str, AfterValidator(_known_metric)]
ComparedMetric = Annotated[str, AfterValidator(_compared_metric)]


class LabelGateRules(GateRules):
    """What a model that gives labels must reach to be blessed: the rules of `GateRules`, and thresholds of slices.

    Attributes:
        thresholds: Least value of a metric over all test examples.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
        slice_thresholds: Least value of a metric by slice, as in `{"text_length=short": {"f1_macro": 0.6}}`. A slice
            without any test example refuses the model; one with too few is not judged, which is noted.
        max_gap: How far a slice may fall short of all others of its column, by metric, as in `{"accuracy": 0.05}`; more
            than that refuses the model where it is beyond chance, over 30 test examples or more on both sides.
    """

    # Columns of slices that the examples themselves tell.
    built_in_slices: ClassVar[tuple[str, ...]] = ()

    thresholds: dict[LabelMetric, float] = Field(default={})
    baseline_margins: dict[ComparedMetric, Margin] = Field(default={"f1_macro": 0.02})
    last_blessed_metric: ComparedMetric = "f1_macro"
    slice_thresholds: dict[str, dict[LabelMetric, float]] = Field(default={})
    max_gap: dict[ComparedMetric, Margin] = Field(default={})

    @property
    def max_sampled(self) -> int | None:
        """Test users that are asked about at the most; None for all examples, whoever's they are."""
        return None

    @property
    def min_slice_rows(self) -> int:
        """Test examples that a slice needs."""
        raise NotImplementedError

    @property
    def max_baseline_rows(self) -> int:
        """Training examples that the baselines learn from at the most."""
        raise NotImplementedError

    def unknown_slice(self, own: Sequence[str]) -> str | None:
        """Returns what is wrong with a threshold's slice that is of none of the columns; None where all are known.

        Args:
            own: The shop's columns to slice by.
        """
        columns = slice_columns(self.built_in_slices, own)
        for name in self.slice_thresholds:
            if not name.startswith(tuple(f"{column}=" for column in columns)):
                return (
                    f"names the slice `{name}`; a slice is a column and a value, as in `{columns[0]}=short`, and the "
                    f"columns are {', '.join(columns)}"
                )
        return None
