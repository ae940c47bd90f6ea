"""What is known of a call beside its request."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc

from serving.server.errors import StatusError
from serving.server.requests.memory import Share

# Takes what is to be called once the client has gone away; returns False if it has gone already.
OnGone: TypeAlias = Callable[[Callable[[], object]], bool]


@dataclass(frozen=True, kw_only=True)
class Call:
    """Whoever waits for an answer.

    Args:
        entrypoint: The protocol that the call came by.
        deadline: When the client waits no longer, in seconds of `time.monotonic`; None for no limit.
        on_gone: Tells when the client has gone away; None if that cannot be known.
        peer: Tells the address of the client.
        share: Memory that the call has taken.
    """

    entrypoint: str = "GRPC"
    deadline: float | None = None
    on_gone: OnGone | None = None
    peer: Callable[[], str] = str
    share: Share = field(default_factory=Share)

    @property
    def remaining_seconds(self) -> float | None:
        """Time that the client still waits, 0 or less when it is over; None for no limit."""
        return None if self.deadline is None else self.deadline - time.monotonic()

    def check(self) -> None:
        """Checks that somebody waits for the answer: a call may have stood in line for longer than its client.

        Raises:
            StatusError: CANCELLED once the client has gone away, DEADLINE_EXCEEDED once the deadline has passed.
        """
        if self.on_gone is not None and not self.on_gone(_nothing):
            raise StatusError(grpc.StatusCode.CANCELLED, "The client has gone away.")
        if self.remaining_seconds is not None and self.remaining_seconds <= 0:
            raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline passed before the request was answered.")


def _nothing() -> None:
    pass


# Nobody in particular waits, as when a model is warmed up.
NO_CALL = Call()
