"""Closes connections whose clients send the headers of a request too slowly, or nothing at all."""

import asyncio
from typing import Any, cast

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol


def headers_within(seconds: float) -> type[asyncio.Protocol]:
    """Returns uvicorn's protocol with a limit of time for the headers, which uvicorn itself does not have.

    The time begins with the connection, and for a later request of it with the first byte.

    Args:
        seconds: The limit.
    """

    def protocol(*args: Any, **kwargs: Any) -> "_HeadersInTime":
        return _HeadersInTime(seconds, *args, **kwargs)

    # uvicorn only calls it.
    return cast(type[asyncio.Protocol], protocol)


class _HeadersInTime(H11Protocol):
    def __init__(self, seconds: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # h11's state of a client whose headers are not all there.
        if self.conn.their_state is h11.IDLE:
            self._await_headers()
        else:
            self._stop_timer()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._seconds, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
