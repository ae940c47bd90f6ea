"""Lists cut into runs, and which of a run's members a filter lets pass, in plain TensorFlow ops."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf


class Runs(tf.Module):
    """Runs of members that stand next to each other, none of them empty.

    Args:
        starts: int `(runs,)`: the first member of each run, rising from 0.
        size: Members of all runs together.
        name: Name of the module.
    """

    def __init__(self, starts: npt.NDArray[np.integer], size: int, name: str = "runs") -> None:
        super().__init__(name=name)
        self.single = len(starts) == size
        self._size = size
        self._bounds = tf.Variable(np.append(starts, size).astype(np.int32), trainable=False, name="bounds")

    def passing(self, mask: tf.Tensor | None = None) -> "PassingRuns":
        """Returns the runs with those members that bool `(batch, size)` lets pass; None lets all pass."""
        return PassingRuns(self._bounds, self._size, mask, single=self.single)


class PassingRuns:
    """Runs of the members that a filter lets pass, one filter a row; `Runs.passing` makes them.

    Args:
        bounds: int32 `(runs + 1,)`.
        size: Members of all runs together.
        mask: bool `(batch, size)`; None lets all pass.
        single: Whether every run has one member.

    Attributes:
        mask: bool `(batch, runs)`: whether a run has a member that passes; None where all have.
    """

    def __init__(self, bounds: tf.Tensor, size: int, mask: tf.Tensor | None, *, single: bool) -> None:
        self._bounds, self._size, self._single = tf.convert_to_tensor(bounds), size, single
        self._counts: tf.Tensor | None = None
        self.mask = mask
        if mask is not None and not single:
            # How many pass before each member, and before the end.
            self._counts = tf.cumsum(tf.pad(tf.cast(mask, tf.int32), [[0, 0], [0, 1]]), axis=1, exclusive=True)
            at_bounds = tf.gather(self._counts, self._bounds, axis=1)
            self.mask = at_bounds[:, 1:] > at_bounds[:, :-1]

    def numbers(self, runs: tf.Tensor) -> tf.Tensor:
        """Returns the number of each run's first member among all that pass; int32, like `runs` `(batch, width)`."""
        return runs if self._single else self._passing_before(tf.gather(self._bounds, runs))

    def sizes(self, runs: tf.Tensor) -> tf.Tensor:
        """Returns how many members of each run pass; int32, like `runs` `(batch, width)`."""
        if not self._single:
            return self._passing_before(tf.gather(self._bounds, runs + 1)) - self.numbers(runs)
        return tf.ones_like(runs) if self.mask is None else tf.cast(tf.gather(self.mask, runs, batch_dims=1), tf.int32)

    def members(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns the members that have numbers among all that pass; any for a number that none has.

        Args:
            numbers: int32 `(batch, width)`, with a column at least.
        """
        if self._counts is None:
            return numbers
        # Of all places before which so many pass, the last is that of the member itself.
        return tf.minimum(tf.searchsorted(self._counts, numbers, side="right"), self._size) - 1

    def sizes_at(self, rows: tf.Tensor, runs: tf.Tensor) -> tf.Tensor:
        """Returns `sizes` of runs that do not come in a table: int32 `(n,)`, each under the filter of its row."""
        if self.mask is None:
            return tf.gather(self._bounds, runs + 1) - tf.gather(self._bounds, runs)
        if self._counts is None:
            return tf.cast(tf.gather_nd(self.mask, tf.stack([rows, runs], axis=1)), tf.int32)
        start, stop = (
            tf.gather_nd(self._counts, tf.stack([rows, tf.gather(self._bounds, bound)], axis=1))
            for bound in (runs, runs + 1)
        )
        return stop - start

    def _passing_before(self, members: tf.Tensor) -> tf.Tensor:
        return members if self._counts is None else tf.gather(self._counts, members, batch_dims=1)
