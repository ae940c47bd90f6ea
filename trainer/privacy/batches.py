"""Batches of DP-SGD: each user, or each row of nobody's, is in each of them with the same chance."""

import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded

_FIRST_ROW = np.zeros(1, np.int64)


def unit_numbers(users: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Numbers what is protected as one: a user with all of their rows, and a row that names no user by itself.

    Args:
        users: bytes `(rows,)`, empty where a row names nobody.

    Returns:
        int64 `(rows,)`, from 0 without a gap.
    """
    named = users != b""
    numbers = np.empty(len(users), np.int64)
    known, numbers[named] = np.unique(users[named].astype(object), return_inverse=True)
    numbers[~named] = len(known) + np.arange(len(users) - int(named.sum()))
    return numbers


class PoissonBatches:
    """Steps that each hold every unit with the chance of `batch_size` in all units, whatever was drawn before.

    That is what the accounting counts on; batches of a shuffled pass would cost more than it says. A batch is a dict of
    what `columns` makes of its rows, and of `unit` int32 `(batch,)`, which numbers its units from 0 and does not
    decrease. It holds all rows of its units, so its size varies. A draw of nothing is one row of the unit -1, which is
    none.

    Attributes:
        units: How many units there are.
        size: Units of a batch on average.
        rows: Rows of a batch on average.
        steps: Batches of an epoch.

    Args:
        units: int64 `(rows,)`, as `unit_numbers` numbers them.
        batch_size: Units of a batch on average; all of them where there are fewer.
        columns: Makes tensors, by name, of the places of rows, int32 `(batch,)`.
        seed: Of the draws. Who knows it knows who was drawn when, so it is a secret unless one is given.
    """

    def __init__(
        self,
        units: npt.NDArray[np.int64],
        batch_size: int,
        columns: Callable[[Any], dict[str, Any]],
        seed: int | None = None,
    ) -> None:
        self._order = np.argsort(units, kind="stable")
        self._sorted = units[self._order]
        self.units = int(self._sorted[-1]) + 1
        self.size = min(batch_size, self.units)
        self.rows = self.size * len(units) / self.units
        self.steps = self.units // self.size
        self._columns = columns
        self._seed = secrets.randbits(63) if seed is None else seed

    def epoch(self, number: int, first: int = 0) -> tf.data.Dataset:
        """Returns the batches of an epoch, from its batch `first` on."""
        random = np.random.default_rng([self._seed, number])
        drawn = [self._draw(random) for _ in range(self.steps)][first:]
        lengths = [len(rows) for rows, _ in drawn]
        ragged = tuple(
            tf.RaggedTensor.from_row_lengths(np.concatenate(parts).astype(np.int32), lengths)
            for parts in zip(*drawn, strict=True)
        )
        return unsharded(tf.data.Dataset.from_tensor_slices(ragged).map(self._batch).prefetch(2))

    def _draw(self, random: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Returns rows, and the number of the unit that each is of."""
        chosen = random.random(self.units) < self.size / self.units
        if not chosen.any():
            return _FIRST_ROW, _FIRST_ROW - 1
        places = np.flatnonzero(chosen[self._sorted])
        return self._order[places], (np.cumsum(chosen) - 1)[self._sorted[places]]

    def _batch(self, rows: tf.Tensor, units: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**self._columns(rows), "unit": units}
