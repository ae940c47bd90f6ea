"""What hostile clients do to a server, each for a bounded time and a bounded number of times, over loopback."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc

PREDICT = "/tensorflow.serving.PredictionService/Predict"
RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
ANSWER_SECONDS = 20.0
# HTTP/2's preface, an empty SETTINGS frame, and the types and flags of frames (RFC 9113).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_HEADERS_FRAME, _END_HEADERS = 1, 4
_SMALL_BUFFER = 4096


@dataclass(frozen=True)
class Message:
    """What is sent again and again.

    Args:
        body: The message of a call, or a request of HTTP with its headers.
        method: Path of a gRPC method; None for REST.
    """

    body: bytes
    method: str | None = None


def send_messages(
    grpc_address: str, rest_address: str, messages: Sequence[Message], seconds: float, rate: float
) -> int:
    """Sends messages in turn, at a rate, from two clients that each wait for their answer.

    Returns:
        Messages that got no answer.
    """
    unanswered = [0, 0]
    ends_at = time.monotonic() + seconds

    def client(number: int) -> None:
        due = time.monotonic()
        with grpc.insecure_channel(grpc_address, [("grpc.max_receive_message_length", -1)]) as channel:
            while due < ends_at:
                for message in messages:
                    send = _by_rest(rest_address) if message.method is None else _by_grpc(channel, message.method)
                    unanswered[number] += not send(message.body)
                    due += 2.0 / rate
                    time.sleep(max(0.0, due - time.monotonic()))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(unanswered)


def hold_connections(address: str, sent: bytes, count: int, seconds: float, *, reading: bool) -> int:
    """Opens connections, sends the same on each, and stays.

    Args:
        address: HOST:PORT.
        sent: What each sends.
        count: Connections.
        seconds: Time that they stay.
        reading: Whether answers are read, as far as they have come.

    Returns:
        Those that read and were neither answered nor closed.
    """
    connections = []
    heard = 0
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + number * seconds / count / 2 - time.monotonic()))
        try:
            connection = socket.socket()
            if not reading:
                # The system itself would take some megabytes for a client that does not look.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            connection.settimeout(5.0)
            connection.connect(_host_and_port(address))
            connections.append(connection)
            connection.sendall(sent)
        except OSError:
            heard += 1
    time.sleep(max(0.0, begin + seconds - time.monotonic()))
    for connection in connections:
        connection.settimeout(0.2)
        try:
            heard += not reading or len(connection.recv(1)) >= 0
        except TimeoutError:
            pass
        except OSError:
            heard += 1
        connection.close()
    return count - heard


def half_send_calls(address: str, count: int, seconds: float) -> int:
    """Begins calls of gRPC whose messages never come."""
    names = {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": PREDICT.encode(),
        b":authority": b"x",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
    }
    # Literal fields without indexing (RFC 7541, section 6.2.2).
    fields = b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(text)]) + text for name, text in names.items())
    with socket.create_connection(_host_and_port(address)) as connection:
        connection.sendall(_PREFACE)
        for number in range(count):
            head = len(fields).to_bytes(3, "big") + bytes([_HEADERS_FRAME, _END_HEADERS])
            connection.sendall(head + (2 * number + 1).to_bytes(4, "big") + fields)
        time.sleep(seconds)
    return 0


def _by_grpc(channel: grpc.Channel, method: str) -> Callable[[bytes], bool]:
    def send(body: bytes) -> bool:
        call = channel.unary_unary(method).future(body, timeout=ANSWER_SECONDS)
        return call.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)

    return send


def _by_rest(address: str) -> Callable[[bytes], bool]:
    def send(request: bytes) -> bool:
        try:
            with socket.create_connection(_host_and_port(address), timeout=ANSWER_SECONDS) as connection:
                connection.sendall(request)
                return bool(connection.recv(1))
        except OSError:
            return False

    return send


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
