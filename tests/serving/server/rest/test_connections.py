"""Connections of the REST port: as many as there may be, for as long as they may stay, and closed without a loss."""

import asyncio
import logging
import select
import socket
import time
from collections.abc import Iterator

import pytest

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.requests.limits import Limits
from serving.server.rest.accept_errors import log_accept_errors_once_a_minute
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version

MOST, LIMIT, PATIENCE = 20, 100_000, 1.0
MODEL = "/v1/models/adder"
GET = f"GET {MODEL}/metadata HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    settings = ServerSettings(
        port=0,
        rest_port=0,
        max_connections=MOST,
        limits=Limits(message_bytes=LIMIT),
        rest_timeout_seconds=PATIENCE,
    )
    with server_thread(models, settings) as addresses:
        yield addresses


def connect(server: ServerAddresses, sent: bytes = b"") -> socket.socket:
    assert server.rest is not None
    host, port = server.rest.split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(sent)
    return connection


def received(connection: socket.socket) -> bytes:
    """Reads to the end, which must come."""
    parts = b""
    while part := connection.recv(65536):
        parts += part
    return parts


def read_to(connection: socket.socket, part: bytes) -> None:
    """Reads until something has come, which must."""
    seen = b""
    while part not in seen:
        more = connection.recv(65536)
        assert more, seen
        seen += more


def post(body: bytes, headers: str) -> bytes:
    return f"POST {MODEL}:predict HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + body


def assert_answers(server: ServerAddresses) -> None:
    assert HTTP.get(f"http://{server.rest}{MODEL}").status_code == 200


def test_the_port_answers_with_more_connections_than_there_may_be(server: ServerAddresses) -> None:
    idle = [connect(server, sent) for sent in (b"", b"GET /v1/models/adder HTTP/1.1\r\n") for _ in range(MOST)]
    try:
        assert_answers(server)
        # Those that have been silent for the longest have gone.
        closed = [connection for connection in idle if select.select([connection], [], [], 0)[0]]
        assert len(closed) >= MOST
        assert set(closed[:MOST]) <= set(idle[: MOST + 2])
    finally:
        for connection in idle:
            connection.close()


def test_a_connection_that_waits_for_its_answer_is_kept(server: ServerAddresses) -> None:
    body = b'{"instances": [{"x": [1, 2], "name": "n"}]}'
    busy = connect(server, post(body[:-1], f"Content-Length: {len(body)}\r\n"))
    # By then its request has been read.
    assert_answers(server)
    idle = [connect(server) for _ in range(2 * MOST)]
    try:
        busy.sendall(body[-1:])
        read_to(busy, b" 200 ")
    finally:
        for connection in (busy, *idle):
            connection.close()


def test_a_client_that_was_refused_and_stays_is_closed(server: ServerAddresses) -> None:
    with connect(server, post(b"{", f"Content-Length: {LIMIT + 1}\r\n")) as connection:
        read_to(connection, b" 413 ")
        # A byte now and then does not lengthen its time.
        assert until_cut_off(connection, b" ", pause_seconds=0.2)


def test_a_client_that_was_refused_may_end_its_request_and_ask_again(server: ServerAddresses) -> None:
    body = b" " * (LIMIT + 1)
    with connect(server, post(body[:10], f"Content-Length: {len(body)}\r\n")) as connection:
        read_to(connection, b" 413 ")
        connection.sendall(body[10:] + GET)
        read_to(connection, b" 200 ")


def test_a_refusal_reaches_a_client_that_is_still_sending(server: ServerAddresses) -> None:
    # A socket that is closed with something unread in it is reset, and the answer would be lost.
    sent = post(b" " * LIMIT * 20, f"Connection: close\r\nContent-Length: {LIMIT * 20}\r\n")
    with connect(server, sent) as connection:
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"larger than this server takes" in answer


def test_a_client_that_never_reads_is_cut_off(server: ServerAddresses) -> None:
    body = b'{"instances": [{"x": [1, 2], "name": "%s"}]}' % (b"x" * 90_000)
    with connect(server) as connection:
        connection.settimeout(0.2)
        assert until_cut_off(connection, post(body, f"Content-Length: {len(body)}\r\n"))
    assert_answers(server)


def until_cut_off(connection: socket.socket, sent: bytes, pause_seconds: float = 0.0) -> bool:
    """Sends the same again and again; returns whether the other side ends it in time."""
    ends_at = time.monotonic() + 15 * PATIENCE
    while time.monotonic() < ends_at:
        try:
            connection.sendall(sent)
            time.sleep(pause_seconds)
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.mark.long
def test_a_connection_that_is_not_used_is_kept_for_longer_than_clients_keep_theirs(server: ServerAddresses) -> None:
    with connect(server, GET) as connection:
        read_to(connection, b"}")
        # What httpx and many others keep one; the server must not be the first to close it.
        time.sleep(10.0)
        connection.sendall(GET)
        read_to(connection, b"HTTP/1.1 200 ")


def test_a_request_with_two_lengths_is_the_last_of_its_connection(server: ServerAddresses) -> None:
    body = b'{"instances": [{"x": [1, 2], "name": "n"}]}'
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    both = post(chunked, f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n")
    with connect(server, both + GET) as connection:
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close\r\n" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1


def test_errors_of_accept_are_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        log_accept_errors_once_a_minute(loop)
        with caplog.at_level(logging.ERROR):
            for _ in range(2000):
                error = OSError(24, "Too many open files")
                loop.call_exception_handler(
                    {"message": "socket.accept() out of system resource", "exception": error, "socket": None}
                )
            lines = [record.getMessage() for record in caplog.records]
            assert lines == ["The REST port cannot accept more connections: [Errno 24] Too many open files"]
            loop.call_exception_handler({"message": "something else"})
        assert "something else" in caplog.text
    finally:
        loop.close()
