"""Options of the classification evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import ClassVar, Literal

from pydantic import Field

from components.labels.gate_rules import LabelGateRules
from components.labels.slices import TEXT_SLICES

ClassificationBaseline = Literal["tfidf"]


class ClassificationGateOptions(LabelGateRules):
    """What a classifier of texts must reach to be blessed.

    Texts stand where the rules speak of users. The baseline `tfidf` is logistic regression on TF-IDF of words and
    pairs of words, with balanced labels.

    Attributes:
        baselines: Baselines that the gate compares with; all are computed and reported.
        min_slice_texts: Test texts that a slice needs.
        max_baseline_texts: Training texts that the baseline learns from at the most, the first by sha256.
    """

    built_in_slices: ClassVar[tuple[str, ...]] = tuple(TEXT_SLICES)
    baselines: tuple[ClassificationBaseline, ...] = ("tfidf",)
    min_slice_texts: int = Field(30, ge=1)
    max_baseline_texts: int = Field(100_000, ge=2)

    @property
    def min_slice_rows(self) -> int:
        """Test texts that a slice needs."""
        return self.min_slice_texts

    @property
    def max_baseline_rows(self) -> int:
        """Training texts that the baseline learns from at the most."""
        return self.max_baseline_texts
