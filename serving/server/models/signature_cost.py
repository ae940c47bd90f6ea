"""What a signature's rows cost, measured while a version is warmed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class RowCost:
    """Bytes of memory that a row takes.

    Args:
        k: Products that the row asked for; 0 in a signature that takes no `k`.
        computing: While the row is computed.
        answer: Of each output, by its name.
    """

    k: int
    computing: float
    answer: Mapping[str, float]


class SignatureCost:
    """Estimates what a request takes before it is computed: a row costs the same alone as in a batch.

    Between the two measured widths of an answer the cost is a straight line.

    Args:
        narrow: A row that asks for few products, or of a signature that takes no `k`.
        wide: A row that asks for the most; None where there is no `k`.
    """

    def __init__(self, narrow: RowCost, wide: RowCost | None = None) -> None:
        self._narrow = narrow
        self._wide = wide if wide is not None and wide.k > narrow.k else None

    def of(self, inputs: Arrays, outputs: Sequence[str]) -> tuple[int, int]:
        """Returns bytes that a request takes while it is computed, and those of its answer.

        Args:
            inputs: Of the signature, each with the rows as its first dimension.
            outputs: Names of those that are computed.
        """
        rows = max((value.shape[0] for value in inputs.values() if value.ndim), default=1)
        k = inputs.get("k")
        part = 0.0
        if self._wide is not None and k is not None and k.size:
            # A row is computed as wide as the widest one.
            part = max(0.0, (float(k.max()) - self._narrow.k) / (self._wide.k - self._narrow.k))
        wide = self._wide or self._narrow
        computing = self._narrow.computing + part * (wide.computing - self._narrow.computing)
        answer = sum(
            self._narrow.answer.get(name, 0.0)
            + part * (wide.answer.get(name, 0.0) - self._narrow.answer.get(name, 0.0))
            for name in outputs
        )
        return int(rows * computing), int(rows * answer)
