"""Calls that stand still: they hold nobody up, and come to an end."""

import socket
import time
from collections.abc import Iterator

import grpc
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.settings import ServerSettings
from tests.serving.server.load import add_request, until
from tests.serving.server.tiny_models import write_version

PATIENCE, AT_ONCE, MOST = 1.0, 2, 10
HEADERS, DATA, RST_STREAM, SETTINGS, END_HEADERS = 1, 0, 3, 4, 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    settings = ServerSettings(port=0, grpc_threads=AT_ONCE, rest_timeout_seconds=PATIENCE, max_connections=MOST)
    with server_thread(models, settings) as addresses:
        yield addresses


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def begun_call(stream: int) -> bytes:
    """The headers of a call, in literal fields (RFC 7541, section 6.2.2)."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/tensorflow.serving.PredictionService/Predict",
        ":authority": "x",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    texts = [b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields.items()]
    return frame(HEADERS, END_HEADERS, stream, b"".join(texts))


def connect(server: ServerAddresses) -> socket.socket:
    host, port = server.grpc.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def code_of_answer(server: ServerAddresses) -> str:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return str(stub.Predict.future(add_request(), timeout=10).code().name)


@pytest.mark.parametrize("begun", [b"", b"\0\0\0\1\0half of what was promised"], ids=["no message", "half of one"])
def test_calls_without_their_message_hold_nobody_up_and_end(server: ServerAddresses, begun: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b""))
        for number in range(20 * AT_ONCE):
            connection.sendall(begun_call(2 * number + 1))
            if begun:
                connection.sendall(frame(DATA, 0, 2 * number + 1, begun))
        assert code_of_answer(server) == "OK"
        # The server ends each: by trailers, or by a reset of its stream.
        ended = set[int]()
        received = b""
        ends_at = time.monotonic() + 10 * PATIENCE
        while len(ended) < 20 * AT_ONCE and time.monotonic() < ends_at:
            received += connection.recv(65536)
            while len(received) >= 9 and len(received) >= (size := 9 + int.from_bytes(received[:3], "big")):
                if received[3] in (HEADERS, RST_STREAM):
                    ended.add(int.from_bytes(received[5:9], "big"))
                received = received[size:]
    assert len(ended) == 20 * AT_ONCE


def test_a_call_that_ends_without_a_message_is_refused(server: ServerAddresses) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        method = channel.stream_unary("/tensorflow.serving.PredictionService/Predict")
        assert method.future(iter(()), timeout=10).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert code_of_answer(server) == "OK"


def test_connections_have_an_end_and_others_a_place(server: ServerAddresses) -> None:
    held = [connect(server) for _ in range(2 * MOST)]
    closed = []

    def some_are_closed() -> bool:
        for connection in held:
            connection.setblocking(False)
            try:
                if connection not in closed and connection.recv(100) == b"":
                    closed.append(connection)
            except BlockingIOError:
                continue
            except ConnectionError:
                closed.append(connection)
        return len(closed) >= MOST

    try:
        until(some_are_closed)
    finally:
        for connection in held:
            connection.close()
    until(lambda: code_of_answer(server) == "OK")
