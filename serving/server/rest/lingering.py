"""Closing a connection whose client is still sending, so that the client gets its answer all the same."""

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport:
    """A transport whose `close` waits for what a client still sends, for a bounded time.

    A socket that is closed with something unread in it is reset, and what was answered may be lost on its way (RFC 9112
    section 9.6). So only the sending side is closed first; what comes is thrown away.

    Args:
        transport: The transport; all that is not said here is its own.
        is_receiving: Returns whether the client is still sending.
        linger_seconds: Time after which the connection is cut off.
    """

    def __init__(self, transport: asyncio.Transport, is_receiving: Callable[[], bool], linger_seconds: float) -> None:
        self._transport = transport
        self._is_receiving = is_receiving
        self._linger_seconds = linger_seconds
        self._lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Returns whether nothing more is answered."""
        return self._lingers or self._transport.is_closing()

    def close(self) -> None:
        """Closes the connection: at once, or after what the client still sends."""
        if self._is_receiving():
            self.linger()
        elif not self._lingers:
            self._transport.close()

    def linger(self) -> None:
        """Closes the sending side, and the rest when the client does so, or its time is over."""
        if self.is_closing():
            return
        self._lingers = True
        self._transport.write_eof()
        # A client that sends on for long may have been paused.
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(self._linger_seconds, self._transport.abort)
