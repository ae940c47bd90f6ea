"""What is known of a call beside its request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# Takes what is to be called once the client has gone away; returns False if it has gone already.
OnGone: TypeAlias = Callable[[Callable[[], object]], bool]


@dataclass(frozen=True, kw_only=True)
class Call:
    """Whoever waits for an answer.

    Args:
        entrypoint: The protocol that the call came by.
        timeout_seconds: Time that the client still waits; None for no limit.
        on_gone: Tells when the client has gone away; None if that cannot be known.
    """

    entrypoint: str = "GRPC"
    timeout_seconds: float | None = None
    on_gone: OnGone | None = None


# Nobody in particular waits, as when a model is warmed up.
NO_CALL = Call()
