"""Connections of the HTTP port: bounded in the time that headers take, and refused in JSON where they speak no HTTP."""

import asyncio
import http
from collections.abc import Callable
from typing import Any, cast

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.server.rest.refusals import HttpAnswer


def connections(header_seconds: float, refuse_malformed: Callable[[], HttpAnswer]) -> type[asyncio.Protocol]:
    """Returns uvicorn's protocol with a limit of time for the headers, which uvicorn itself does not have.

    The time begins with the connection, and for a later request of it with the first byte.

    Args:
        header_seconds: The limit.
        refuse_malformed: Is called for what is no HTTP, and returns the answer.
    """

    def protocol(*args: Any, **kwargs: Any) -> "_Connection":
        return _Connection(header_seconds, refuse_malformed, *args, **kwargs)

    # uvicorn only calls it.
    return cast(type[asyncio.Protocol], protocol)


class _Connection(H11Protocol):
    def __init__(
        self, header_seconds: float, refuse_malformed: Callable[[], HttpAnswer], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._header_seconds = header_seconds
        self._refuse_malformed = refuse_malformed
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

    @override
    def send_400_response(self, msg: str) -> None:
        answer = self._refuse_malformed()
        # After the beginning of another answer there is no place for one.
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer.body)))]
            headers.append(("Connection", "close"))
            reason = http.HTTPStatus(answer.status).phrase.encode()
            events = [
                h11.Response(status_code=answer.status, headers=headers, reason=reason),
                h11.Data(data=answer.body),
                h11.EndOfMessage(),
            ]
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()

    def _await_headers(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._header_seconds, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
