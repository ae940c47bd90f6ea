"""A request on its way through a batch."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeAlias

import grpc
import numpy as np

from serving.server.errors import StatusError

Tensors: TypeAlias = Mapping[str, np.ndarray]


class _State(Enum):
    WAITING, BEGUN, GIVEN_UP, ENDED = range(4)


class QueuedRequest:
    """Inputs that wait to be computed, for as long as somebody waits for the outputs.

    A future would do as well, but takes three locks, and wakes whoever waits while it still holds one.

    Args:
        inputs: A value for every input of a signature, `rows` in the first dimension of each.
        rows: Number of rows.
        timeout_seconds: Time from now after which nobody waits any more; None for no limit.
    """

    def __init__(self, inputs: Tensors, rows: int, timeout_seconds: float | None) -> None:
        self.inputs = inputs
        self.rows = rows
        self._deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._state = _State.WAITING
        self._changing = threading.Lock()
        self._outputs: Tensors = {}
        self._error: Exception | None = None
        # Held until it has ended or was given up; one thread waits for it.
        self._pending = threading.Lock()
        self._pending.acquire()

    @property
    def remaining_seconds(self) -> float:
        """Time that is left; infinite without a deadline, 0 or less when it is over."""
        return self._deadline - time.monotonic()

    def is_wanted(self) -> bool:
        """Returns whether somebody waits for it; once the deadline has passed, nobody does."""
        if self.remaining_seconds <= 0:
            self.give_up()
        return self._state is not _State.GIVEN_UP

    def begin(self) -> bool:
        """Marks it as being computed; returns False if nobody waits for it any more."""
        return self.is_wanted() and self._change(_State.WAITING, _State.BEGUN)

    def give_up(self) -> bool:
        """Keeps it from being computed; returns False if that has begun already."""
        if self._change(_State.WAITING, _State.GIVEN_UP):
            self._pending.release()
        return self._state is _State.GIVEN_UP

    def finish(self, outputs: Tensors) -> None:
        """Hands over what was computed; it has begun."""
        self._outputs = outputs
        self._end()

    def fail(self, error: Exception) -> None:
        """Hands over why nothing was computed; it has begun."""
        self._error = error
        self._end()

    def wait(self, withdraw: Callable[[], None]) -> Tensors:
        """Waits for the outputs; to be called once.

        Args:
            withdraw: Is called if they are not wanted any more, to take the request out of its queue.

        Raises:
            StatusError: DEADLINE_EXCEEDED once the deadline has passed, CANCELLED after `give_up`, or what `fail` was
                given.
        """
        in_time = self._pending.acquire(timeout=min(max(self.remaining_seconds, 0.0), threading.TIMEOUT_MAX))
        if not in_time and not self.give_up():
            # The model must not be closed below a computation, so what has begun is waited for.
            self._pending.acquire()
        elif self._state is _State.GIVEN_UP:
            withdraw()
            if in_time and self.remaining_seconds > 0:
                raise StatusError(grpc.StatusCode.CANCELLED, "The client has gone away.")
        elif self._error is not None:
            raise self._error
        else:
            return self._outputs
        raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline passed before the request was answered.")

    def _end(self) -> None:
        if not self._change(_State.BEGUN, _State.ENDED):
            raise RuntimeError(f"A request that is {self._state.name} cannot end.")
        self._pending.release()

    def _change(self, before: _State, after: _State) -> bool:
        with self._changing:
            changes = self._state is before
            if changes:
                self._state = after
            return changes
