"""The time that a call may take, with all that belongs to it."""

import time

import grpc

from shelfwise_client.errors import CallTimeoutError


class Deadline:
    """Runs out some seconds after it was made.

    Args:
        seconds: How long a call may take: what it has to ask first, its attempts, and the reading of its answer.
        address: Of the server, for messages.
    """

    def __init__(self, seconds: float, address: str) -> None:
        self._seconds, self._address = seconds, address
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds that are left.

        Raises:
            CallTimeoutError: There are none.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise CallTimeoutError(
                f"No answer from {self._address} within {self._seconds:g} s.", grpc.StatusCode.DEADLINE_EXCEEDED
            )
        return seconds
