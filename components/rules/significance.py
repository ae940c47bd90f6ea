"""Whether a rule is more than chance: Fisher's exact test, and the Benjamini-Hochberg correction over many rules."""

from collections.abc import Iterable

import apache_beam as beam
import numpy as np
import numpy.typing as npt
from scipy import stats

from components.rules.association import FloatArray, Rules

IntArray = npt.NDArray[np.int64]
# Of -log p as float32: leading bits of the mantissa that two p-values of one bin share.
_MANTISSA_BITS = 12
_DROPPED_BITS = 23 - _MANTISSA_BITS
_SMALLEST_P, _SMALLEST_LOG = 5e-324, 2.0**-12


def fisher_p_values(rules: Rules, baskets: int) -> FloatArray:
    """Returns the p-value of Fisher's exact test (one-sided, "greater") of each rule.

    It is the chance that so many baskets or more would hold both sides, were they dealt out independently with the
    sizes of both sides as they are: the upper tail of a hypergeometric distribution.

    Args:
        rules: The rules.
        baskets: Baskets in all.

    Returns:
        float64 `(rules,)`, 0 where it is less than float64 holds.
    """
    p = stats.hypergeom.sf(rules.count - 1, baskets, rules.antecedent_count, rules.consequent_count)
    return np.clip(p, 0.0, 1.0)


class PValueHistogram:
    """Counts p-values in fine bins, so that no worker needs to see them all in order.

    The bins are as fine as 12 bits of the mantissa of -log p. There are some 80,000 at the most.

    Attributes:
        bins: int64, ascending from large p-values to small ones.
        count: int64; p-values in each bin.
        largest: float64; the largest of them.
    """

    def __init__(self, bins: IntArray, count: IntArray, largest: FloatArray) -> None:
        self.bins, self.count, self.largest = bins, count, largest

    @classmethod
    def of(cls, p_values: FloatArray) -> "PValueHistogram":
        """Returns the histogram of some p-values."""
        return cls._added_up(_bins(p_values), np.ones(len(p_values), dtype=np.int64), p_values)

    @classmethod
    def sum_of(cls, histograms: Iterable["PValueHistogram"]) -> "PValueHistogram":
        """Returns the histogram of all p-values of some histograms."""
        parts = [(part.bins, part.count, part.largest) for part in histograms]
        if not parts:
            return cls.of(np.zeros(0))
        return cls._added_up(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    @classmethod
    def _added_up(cls, bins: IntArray, count: IntArray, largest: FloatArray) -> "PValueHistogram":
        distinct, place = np.unique(bins, return_inverse=True)
        total = np.bincount(place, count, minlength=len(distinct)).astype(np.int64)
        most = np.zeros(len(distinct))
        np.maximum.at(most, place, largest)
        return cls(distinct, total, most)

    def q_values(self, p_values: FloatArray) -> FloatArray:
        """Returns the Benjamini-Hochberg q-value of each p-value, all of which were counted here.

        A q-value is the lowest false discovery rate at which a rule would still be kept (Benjamini and Hochberg 1995):
        the least of p(j) * m / j over this p-value and all larger ones, p(j) being the j-th smallest of m. Here only
        the largest p-value of each bin takes part. So a q-value is never too small, and too large by what p-values in
        a bin differ: by less than 0.3% where p > 1e-5 and by less than 4% where p > 1e-60.
        """
        smaller_or_equal = np.cumsum(self.count[::-1])[::-1]
        ratio = self.largest * self.count.sum() / np.maximum(1, smaller_or_equal)
        q_of_bin = np.minimum(1.0, np.minimum.accumulate(ratio)) if len(ratio) else ratio
        return q_of_bin[np.searchsorted(self.bins, _bins(p_values))]


class SumHistograms(beam.CombineFn):
    """Adds up `PValueHistogram`s; memory is that of one with all bins."""

    def create_accumulator(self) -> PValueHistogram:
        """Returns an empty histogram."""
        return PValueHistogram.sum_of([])

    def add_input(self, accumulator: PValueHistogram, element: PValueHistogram) -> PValueHistogram:
        """Adds one."""
        return PValueHistogram.sum_of([accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[PValueHistogram]) -> PValueHistogram:
        """Adds many."""
        return PValueHistogram.sum_of(accumulators)

    def extract_output(self, accumulator: PValueHistogram) -> PValueHistogram:
        """Returns the sum."""
        return accumulator


def _bins(p_values: FloatArray) -> IntArray:
    minus_log = np.maximum(-np.log(np.maximum(p_values, _SMALLEST_P)), _SMALLEST_LOG).astype(np.float32)
    return (minus_log.view(np.int32) >> _DROPPED_BITS).astype(np.int64)
