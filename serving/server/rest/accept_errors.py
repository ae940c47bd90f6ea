"""What the log says when no more connections can be accepted: a line a minute, where asyncio writes one a try."""

import asyncio
import logging
import time
from typing import Any

_LOG = logging.getLogger(__name__)
_MINUTE_SECONDS = 60.0


def log_accept_errors_once_a_minute(loop: asyncio.AbstractEventLoop) -> None:
    """Has a loop log that descriptors have run out at most once a minute; all else as before."""
    silent_until = 0.0

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal silent_until
        if "socket.accept()" not in context["message"]:
            loop.default_exception_handler(context)
        elif time.monotonic() >= silent_until:
            silent_until = time.monotonic() + _MINUTE_SECONDS
            _LOG.error("The REST port cannot accept more connections: %s", context.get("exception"))

    loop.set_exception_handler(handle)
