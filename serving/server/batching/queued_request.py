"""A request on its way through a batch."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from typing import TypeAlias

import grpc
import numpy as np

from serving.server.errors import StatusError

Tensors: TypeAlias = Mapping[str, np.ndarray]


class QueuedRequest:
    """Inputs that wait to be computed, for as long as somebody waits for the outputs.

    Args:
        inputs: A value for every input of a signature, `rows` in the first dimension of each.
        rows: Number of rows.
        timeout_seconds: Time from now after which nobody waits any more; None for no limit.
    """

    def __init__(self, inputs: Tensors, rows: int, timeout_seconds: float | None) -> None:
        self.inputs = inputs
        self.rows = rows
        self._deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._outputs: Future[Tensors] = Future()

    @property
    def remaining_seconds(self) -> float:
        """Time that is left; infinite without a deadline, 0 or less when it is over."""
        return self._deadline - time.monotonic()

    def is_wanted(self) -> bool:
        """Returns whether somebody waits for it; once the deadline has passed, nobody does."""
        if self.remaining_seconds <= 0:
            self._outputs.cancel()
        return not self._outputs.cancelled()

    def begin(self) -> bool:
        """Marks it as being computed; returns False if nobody waits for it any more."""
        return self.is_wanted() and self._outputs.set_running_or_notify_cancel()

    def give_up(self) -> bool:
        """Keeps it from being computed; returns False if that has begun already."""
        return self._outputs.cancel()

    def finish(self, outputs: Tensors) -> None:
        """Hands over what was computed."""
        self._outputs.set_result(outputs)

    def fail(self, error: Exception) -> None:
        """Hands over why nothing was computed."""
        self._outputs.set_exception(error)

    def wait(self, withdraw: Callable[[], None]) -> Tensors:
        """Waits for the outputs.

        Args:
            withdraw: Is called if they are not wanted any more, to take the request out of its queue.

        Raises:
            StatusError: DEADLINE_EXCEEDED once the deadline has passed, CANCELLED after `give_up`, or what `fail` was
                given.
        """
        try:
            return self._outputs.result(min(max(self.remaining_seconds, 0.0), threading.TIMEOUT_MAX))
        except CancelledError as error:
            withdraw()
            if self.remaining_seconds > 0:
                raise StatusError(grpc.StatusCode.CANCELLED, "The client has gone away.") from error
        except TimeoutError:
            if self.give_up():
                withdraw()
            else:
                # The model must not be closed below a computation, so what has begun is waited for.
                self._outputs.exception()
        raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline passed before the request was answered.")
