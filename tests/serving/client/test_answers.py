"""An answer is input: whatever a server sends, the client gives an answer or one clear exception, and in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2

from serving.client import SearchAnswer, ServingError, Shelfwise
from shelfwise_client.errors import CallTimeoutError, InvalidAnswerError
from tests.serving.client.awaited import awaited
from tests.serving.client.hostile import INPUTS, OUTPUTS, HostileServer, answer, metadata

Change = Callable[[predict_pb2.PredictResponse], object]
GOOD = [SearchAnswer("text", 1.0, "text", 1, 1, "text")] * 2


@pytest.fixture(scope="module")
def running() -> Iterator[HostileServer]:
    server = HostileServer()
    yield server
    server.stop()


@pytest.fixture
def server(running: HostileServer) -> HostileServer:
    running.reset()
    return running


def ask(server: HostileServer, **options: Any) -> Any:
    with Shelfwise(server.address, **{"timeout_seconds": 20, **options}) as client:
        return client.search("tea")


def put(name: str, values: Any) -> Change:
    return lambda response: response.outputs[name].CopyFrom(tf.make_tensor_proto(values))


def resize(name: str, *sizes: int) -> Change:
    def change(response: predict_pb2.PredictResponse) -> None:
        del response.outputs[name].tensor_shape.dim[:]
        for size in sizes:
            response.outputs[name].tensor_shape.dim.add().size = size

    return change


def cut_content(response: predict_pb2.PredictResponse) -> None:
    response.outputs["scores"].tensor_content = response.outputs["scores"].tensor_content[:-1]


def test_a_good_answer_is_read(server: HostileServer) -> None:
    assert ask(server) == GOOD
    assert awaited(server.address, lambda client: client.search("tea")) == GOOD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda response: response.outputs.pop("titles"), "output `titles` is missing"),
        (put("surprise", [1]), "output `surprise` was not asked for"),
        (put("titles", [[1, 2]]), "output `titles` holds DT_INT32, but its signature says DT_STRING"),
        (put("scores", [["a", "b"]]), "output `scores` holds DT_STRING, but its signature says DT_FLOAT"),
        (put("scores", np.float64([[1, 2]])), "output `scores` holds DT_DOUBLE"),
        (put("titles", "a"), r"output `titles` has the shape \[\], but its signature says \[-1, -1\]"),
        (put("titles", [["a", "b"]] * 2), r"output `titles` has the shape \[2, 2\], but should have 1 rows"),
        (put("titles", np.zeros((0, 2), object)), "but should have 1 rows"),
        (put("titles", [["a", "b", "c"]]), "differ in width"),
        (resize("titles", 1, 30_000_000), "does not hold that many values"),
        (resize("scores", 1, 2**62), "does not hold that many values"),
        (resize("scores", 2**62, 2**62), "does not hold that many values"),
        (resize("titles", 1, -2), "does not say its shape"),
        (resize("titles", 1, 2, 16_000_000, 0), "does not hold that many values"),
        (cut_content, "output `scores` says it has the shape"),
        (lambda response: setattr(response.outputs["scores"], "dtype", 21), "DT_VARIANT, which no array can hold"),
        (lambda response: setattr(response.outputs["scores"], "dtype", 999), "type 999, which no array can hold"),
        (lambda response: setattr(response.outputs["scores"].tensor_shape, "unknown_rank", True), "say its shape"),
        (lambda response: response.Clear(), "output `cluster_ids` is missing"),
    ],
)
def test_what_does_not_fit_the_signature_is_one_exception(server: HostileServer, change: Change, message: str) -> None:
    response = answer()
    change(response)
    server.answer = response.SerializeToString()
    with pytest.raises(InvalidAnswerError, match=message) as caught:
        ask(server)
    assert caught.value.code is grpc.StatusCode.INTERNAL
    assert server.address in str(caught.value)
    with pytest.raises(InvalidAnswerError, match=message):
        awaited(server.address, lambda client: client.search("tea"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"\xff" * 40, "40 bytes that are no GetModelMetadataResponse"),
        (b"", "its metadata holds no signatures"),
        (metadata(outputs={}).SerializeToString(), "output `product_ids` is missing in its signature"),
        (
            metadata(outputs={**OUTPUTS, "scores": (tf.string, [-1, -1])}).SerializeToString(),
            "output `scores` is no float32 of 2 dimensions there",
        ),
        (
            metadata(inputs={**INPUTS, "exclude_ids": (tf.string, [-1])}).SerializeToString(),
            "input `exclude_ids` is no list in its signature",
        ),
        (
            metadata(inputs={**INPUTS, "exclude_ids": (tf.string, [-1, 2**40])}).SerializeToString(),
            "input `exclude_ids` has 1099511627776 columns in its signature",
        ),
    ],
)
def test_what_a_server_says_of_its_model_is_not_believed_either(
    server: HostileServer, said: bytes, message: str
) -> None:
    server.metadata = said
    with pytest.raises(InvalidAnswerError, match=message):
        ask(server)


def test_an_answer_to_no_call_of_the_client_is_held_to_the_signature_too(server: HostileServer) -> None:
    with Shelfwise(server.address, timeout_seconds=20) as client:
        server.answer = answer(rows=3).SerializeToString()
        assert client.predict("any", "filtered", {})["titles"].shape == (3, 2)
        with pytest.raises(InvalidAnswerError, match="was not asked for"):
            client.predict("any", "filtered", {}, ["titles"])


def test_a_version_with_another_signature_is_found(server: HostileServer) -> None:
    with Shelfwise(server.address, timeout_seconds=20) as client:
        assert client.search("tea") == GOOD
        newer = answer()
        newer.outputs["understood"].CopyFrom(tf.make_tensor_proto(["tea"]))
        server.answer = newer.SerializeToString()
        server.metadata = metadata(outputs={**OUTPUTS, "understood": (tf.string, [-1])}).SerializeToString()
        assert client.search("tea") == GOOD


def test_a_version_that_has_a_signature_at_last_is_found(server: HostileServer) -> None:
    complete, server.metadata = server.metadata, metadata(name="other").SerializeToString()
    with Shelfwise(server.address, timeout_seconds=20) as client:
        with pytest.raises(ValueError, match=r"has no signature `filtered`, but \['other'\]"):
            client.search("tea")
        server.metadata = complete
        assert client.search("tea") == GOOD


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.booleans(), of_metadata=st.booleans())
def test_whatever_byte_is_changed_it_is_an_answer_or_a_clear_exception(
    running: HostileServer, at: int, byte: int, cut: bool, of_metadata: bool
) -> None:
    running.reset()
    message = bytearray(running.metadata if of_metadata else running.answer)
    at %= len(message)
    message[at] = byte
    sent = bytes(message[:at] if cut else message)
    if of_metadata:
        running.metadata = sent
    else:
        running.answer = sent
    # A signature that is there under another name only, or takes less, is the ValueError that it always was.
    with contextlib.suppress(ServingError, ValueError):
        found = ask(running, timeout_seconds=5)
        assert all(isinstance(each, SearchAnswer) for each in found)


@pytest.mark.parametrize("strings", [30_000_000, 8_000_000])
def test_millions_of_strings_are_refused_before_they_are_made(server: HostileServer, strings: int) -> None:
    # What the protocol's text wants for an empty string of a list: its tag, and a length of nothing.
    texts = predict_pb2.PredictResponse()
    texts.outputs["titles"].dtype = tf.string.as_datatype_enum
    tensor = texts.outputs["titles"].SerializeToString() + b"\x42\x00" * strings
    entry = b"\x0a\x06titles\x12" + _varint(len(tensor)) + tensor
    server.answer = answer().SerializeToString() + b"\x0a" + _varint(len(entry)) + entry
    before, started = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(ServingError, match=r"is larger than `max_message_bytes`|does not|within 2 s"):
        ask(server, timeout_seconds=2)
    assert time.monotonic() - started < 5
    assert psutil.Process().memory_info().rss - before < 600e6


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def test_a_compressed_answer_is_no_way_around_the_limit(server: HostileServer) -> None:
    response = answer()
    response.outputs["titles"].string_val[0] = b" " * 100_000_000
    server.answer, server.compression = response.SerializeToString(), grpc.Compression.Gzip
    before = psutil.Process().memory_info().rss
    with pytest.raises(InvalidAnswerError, match="is larger than `max_message_bytes`"):
        ask(server)
    # The server's copies are in this process too.
    assert psutil.Process().memory_info().rss - before < 300e6


def test_the_time_is_for_all_that_a_call_sends(server: HostileServer) -> None:
    server.delay_seconds = 0.4
    started = time.monotonic()
    with pytest.raises(CallTimeoutError, match=r"within 0\.6 s"):
        ask(server, timeout_seconds=0.6)
    assert time.monotonic() - started < 2
    assert server.calls == 2


def test_a_server_that_sends_byte_after_byte_gets_no_more_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                # An empty frame of HTTP/2 settings, and then frames that nobody asked for, slowly.
                connection.sendall(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                while not stop.wait(0.05):
                    connection.sendall(b"\x00")

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        started = time.monotonic()
        with Shelfwise(address, timeout_seconds=1, retries=False) as client, pytest.raises(ServingError):
            client.search("tea")
        assert time.monotonic() - started < 5
        stop.set()


def test_more_than_the_models_give_is_refused_before_it_is_sent(server: HostileServer) -> None:
    with Shelfwise(server.address, timeout_seconds=20) as client:
        with pytest.raises(ValueError, match=r"`k` should be at most 1000, got 1001.*`max_k`"):
            client.search("tea", k=1001)
        assert server.calls == 1
        assert client.search("tea", k=1000) == GOOD
    with Shelfwise(server.address, timeout_seconds=20, max_k=5000) as client:
        assert client.search("tea", k=5000) == GOOD
