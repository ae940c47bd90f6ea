"""Connections that stay without asking anything are closed, so that others have a place."""

import asyncio
import json
import resource
import socket
import sys
import uuid
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# From its beginning, or from the last answer, to the end of the next request's head; a body is bounded at the edge.
_HEAD_SECONDS = 30.0
# A client that does not read what it asked for is cut off.
_READ_SECONDS = 30.0
# Of a request whose head is refused: to close at once would take the answer back, as the client still sends.
_LINGER_SECONDS = 1.0
_MOST_HEAD_BYTES = 64 * 2**10
_MOST_DESCRIPTORS = 65_536


class _HeadTooLargeError(Exception):
    """The address and the headers of a request are larger than what is taken."""


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection of HTTP/1.1, with a time for the first request to come and for answers to be read.

    A head is bounded as well, which httptools does not do: by what was parsed of it, and by what has come and was not
    parsed yet.
    """

    _waiting: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _refused = False
    _head_bytes = 0
    _unparsed_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for a request."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            # asyncio does so for sockets that name their protocol, which those of `socket.create_server` do not: an
            # answer of two pieces would wait 40 ms for the client to acknowledge the first one.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting = self.loop.call_later(_HEAD_SECONDS, self._close_unless_asked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        for timer in (self._waiting, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what comes, and drops what comes after a refusal."""
        if self._refused:
            return
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > _MOST_HEAD_BYTES and not self._refused:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Begins a head."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Takes a part of the address."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header, or one that follows a body of chunks."""
        self._count_head(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Ends a head."""
        self._unparsed_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a part of the body, which is bounded at the edge."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request."""
        self._unparsed_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no request of HTTP, in the form of every other refusal.

        uvicorn calls it where httptools' error is handled, which has ours as its context.
        """
        del msg
        error = sys.exc_info()[1]
        if error is not None and isinstance(error.__context__, _HeadTooLargeError):
            self._refuse_head()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "Expected a request of HTTP/1.1.")

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MOST_HEAD_BYTES:
            raise _HeadTooLargeError

    def _refuse_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"Expected a request whose address and headers have at most {_MOST_HEAD_BYTES} bytes; send less at once.",
        )

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        body = json.dumps({"error": words, "request_id": uuid.uuid4().hex}).encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self._refused = True
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        """Begins to wait for the client to read."""
        super().pause_writing()
        self._writing = self.loop.call_later(_READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads."""
        if self._writing is not None:
            self._writing.cancel()
        super().resume_writing()

    def _close_unless_asked(self) -> None:
        # A cycle is a request whose head has come whole; between two of them uvicorn's own time for keeping it runs.
        if self.cycle is None:
            self.transport.abort()


def http_options() -> dict[str, Any]:
    """Returns how uvicorn is told of these connections."""
    return {"http": BoundedConnection}


def allow_many_connections() -> None:
    """Has the process hold as many connections as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, _MOST_DESCRIPTORS) if hard != resource.RLIM_INFINITY else _MOST_DESCRIPTORS
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
