"""Connections of the HTTP port: bounded in number and in every kind of time, and refused in JSON where they fail."""

import asyncio
import http
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.server.rest.lingering import LingeringTransport
from serving.server.rest.refusals import HttpAnswer

# So much of an answer is read in the time to send, or the client has stopped reading.
_LEAST_SENT_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """What a connection may take.

    Args:
        most: Connections at once.
        header_seconds: Time that headers have, from the connection on, or from the first byte of a later request.
        send_seconds: Time in which a client reads an answer, or 1 MiB of a longer one.
        linger_seconds: Time for what a client still sends after it was refused.
    """

    most: int
    header_seconds: float
    send_seconds: float
    linger_seconds: float


def connections(
    limits: ConnectionLimits, refuse_malformed: Callable[[], HttpAnswer], refuse_one_more: Callable[[], HttpAnswer]
) -> type[asyncio.Protocol]:
    """Returns uvicorn's protocol with limits that uvicorn itself does not have.

    Args:
        limits: What a connection may take.
        refuse_malformed: Is called for what is no HTTP, and returns the answer.
        refuse_one_more: Likewise, for a connection that there is no room for.
    """

    def protocol(*args: Any, **kwargs: Any) -> "Connection":
        return Connection(limits, refuse_malformed, refuse_one_more, *args, **kwargs)

    # uvicorn only calls it.
    return cast(type[asyncio.Protocol], protocol)


class Connection(H11Protocol):
    """One connection; what it is asked finds it under `connection` in the state of the scope."""

    def __init__(
        self,
        limits: ConnectionLimits,
        refuse_malformed: Callable[[], HttpAnswer],
        refuse_one_more: Callable[[], HttpAnswer],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, "connection": self}
        self._limits = limits
        self._refuse_malformed = refuse_malformed
        self._refuse_one_more = refuse_one_more
        self._header_timer, self._linger_timer, self._send_timer = (_Timer(self.loop) for _ in range(3))
        self._seen_at = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for an answer on it."""
        return self.cycle is None or self.cycle.response_complete

    async def sent(self) -> None:
        """Waits until all that was answered has left, or the connection is lost."""
        await self.flow.drain()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # The protocol is told as soon as something waits to be sent, and once nothing does.
        transport.set_write_buffer_limits(high=0)
        lingering = LingeringTransport(transport, self._is_being_sent_to, self._limits.linger_seconds)
        super().connection_made(cast(asyncio.Transport, lingering))
        if len(self.connections) > self._limits.most and not self._make_room():
            self._end_with(self._refuse_one_more())
            return
        self._await_headers()

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._seen_at = time.monotonic()
        super().data_received(data)
        # h11's state of a client whose headers are not all there.
        if self.conn.their_state is h11.IDLE:
            self._await_headers()
        else:
            self._header_timer.stop()
        if not self._is_being_sent_to():
            self._linger_timer.stop()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_being_sent_to():
            # The request was answered before all of it was there. Its end keeps the connection, silence does not.
            self._linger_timer.start(self._limits.linger_seconds, self.transport.abort)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    @override
    def resume_writing(self) -> None:
        self._send_timer.stop()
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._header_timer.stop()
        self._linger_timer.stop()
        super().connection_lost(exc)
        self._send_timer.stop()

    @override
    def shutdown(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()
        else:
            super().shutdown()

    @override
    def send_400_response(self, msg: str) -> None:
        self._end_with(self._refuse_malformed())

    def _end_with(self, answer: HttpAnswer) -> None:
        """Answers once more, if there is place for an answer, and closes."""
        # After the beginning of another answer there is none.
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
        cast(LingeringTransport, self.transport).linger()

    def _make_room(self) -> bool:
        """Ends the connection that has been silent for the longest while nobody waited for an answer on it."""
        idle = [other for other in self.connections if other is not self and cast(Connection, other).is_idle]
        if not idle:
            return False
        oldest = min((cast(Connection, other) for other in idle), key=lambda other: other._seen_at)
        oldest.transport.abort()
        # It counts until the loop comes to it; a crowd that comes at once each ends another one.
        self.connections.discard(oldest)
        return True

    def _is_being_sent_to(self) -> bool:
        """Returns whether the client has begun a request that is not all there."""
        return self.conn.their_state is h11.SEND_BODY

    def _await_headers(self) -> None:
        self._header_timer.start(self._limits.header_seconds, self.transport.close)

    def _expect_progress(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._send_timer.start(self._limits.send_seconds, lambda: self._check_progress(waiting))

    def _check_progress(self, waiting_before: int) -> None:
        if self.transport.get_write_buffer_size() > waiting_before - _LEAST_SENT_BYTES:
            self.transport.abort()
        else:
            self._expect_progress()


class _Timer:
    """Calls something once, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, callback: Callable[[], object]) -> None:
        """Begins to wait, if it does not wait already."""
        if self._handle is None:
            self._handle = self._loop.call_later(seconds, self._call, callback)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _call(self, callback: Callable[[], object]) -> None:
        self._handle = None
        callback()
