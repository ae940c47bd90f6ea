"""Where a training stands, kept in a file, so that one that was killed goes on within its epoch."""

import json
import logging
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

logger = logging.getLogger(__name__)

_FILE = "training.checkpoint"

Array = npt.NDArray[Any]


class Checkpoint(NamedTuple):
    """Where a training stood.

    Attributes:
        progress: What JSON can hold of it.
        arrays: Weights, the optimizer's memory, states of random numbers and what else there is.
    """

    progress: dict[str, Any]
    arrays: list[Array]


class Checkpoints:
    """The one checkpoint of a training: each takes the last one's place, whole or not at all.

    Args:
        folder: Where it lies, on any filesystem that TensorFlow writes; empty to keep none.
        minutes: Time between two; 0 to write one after each step.
    """

    def __init__(self, folder: str, minutes: float) -> None:
        self._folder, self._seconds = folder, 60.0 * minutes
        self._last = time.monotonic()

    def part(self, name: str) -> "Checkpoints":
        """Returns those of one of several trainings that make up a whole."""
        return Checkpoints(os.path.join(self._folder, name) if self._folder else "", self._seconds / 60.0)

    def due(self) -> bool:
        """Says whether it is time to write one."""
        return bool(self._folder) and time.monotonic() - self._last >= self._seconds

    def exists(self) -> bool:
        """Says whether one was written."""
        return bool(self._folder) and bool(tf.io.gfile.exists(self._file))

    def write(self, progress: dict[str, Any], arrays: Sequence[Any]) -> None:
        """Writes one; of variables, no more than one is copied at a time."""
        tf.io.gfile.makedirs(self._folder)
        partial = f"{self._file}.partial"
        with tf.io.gfile.GFile(partial, "wb") as stream:
            np.lib.format.write_array(stream, np.frombuffer(json.dumps(progress).encode(), np.uint8))
            np.lib.format.write_array(stream, np.array(len(arrays)), allow_pickle=False)
            for array in arrays:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
        tf.io.gfile.rename(partial, self._file, overwrite=True)
        self._last = time.monotonic()

    def read(self) -> Checkpoint | None:
        """Returns the last one; None where there is none."""
        if not self.exists():
            return None
        with tf.io.gfile.GFile(self._file, "rb") as stream:
            progress = json.loads(_read_array(stream).tobytes())
            return Checkpoint(progress, [_read_array(stream) for _ in range(int(_read_array(stream)))])

    @property
    def _file(self) -> str:
        return os.path.join(self._folder, _FILE)


def _read_array(stream: Any) -> Array:
    array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def forget_checkpoints(folder: str) -> None:
    """Removes what a training that is done has kept in a folder."""
    if tf.io.gfile.exists(folder):
        tf.io.gfile.rmtree(folder)
