"""Whatever a server answers, the client gives the result that it promises, or an exception that it promises."""

import contextlib
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from serving.client import AsyncShelfwise, ServingError, Shelfwise
from shelfwise_client.call import Call
from tests.fuzz.memory import highest_memory
from tests.fuzz.minutes import Kind, fuzz
from tests.serving.client.awaited import awaited
from tests.serving.client.hostile import HostileServer
from tests.serving.client.hostile_answers import (
    CALLS,
    HostileAnswer,
    good_answer,
    good_metadata,
    hostile_answers,
    http2_frames,
)

BUDGET = settings(max_examples=60, derandomize=True, deadline=None, database=None)
# The last but one is for a machine that is busy with something else.
TIMEOUT_SECONDS, SLOWEST_SECONDS, MOST_BYTES = 2.0, 20.0, 200e6


class FrameServer(socketserver.ThreadingTCPServer):
    """Sends the same bytes to whoever connects, and closes."""

    daemon_threads = True
    frames = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Frames)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Frames(socketserver.BaseRequestHandler):
    server: FrameServer

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.sendall(self.server.frames)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    running = HostileServer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def frame_server() -> Iterator[FrameServer]:
    with FrameServer() as running:
        yield running
        running.shutdown()


def ask(address: str, call: Call[Any], by_awaited: bool) -> Any:
    """Asks; a failure that the client promises comes to None."""
    options = {"timeout_seconds": TIMEOUT_SECONDS, "retries": False}
    # A signature that takes less than is sent is the caller's ValueError.
    with contextlib.suppress(ServingError, ValueError):
        if by_awaited:
            return awaited(address, lambda client: _ask_later(client, call), **options)
        with Shelfwise(address, **options) as client:
            return client.ask(call)
    return None


async def _ask_later(client: AsyncShelfwise, call: Call[Any]) -> Any:
    return await client.ask(call)


def is_result(value: Any) -> bool:
    """Tells whether a value is what a call of the client gives: arrays, and records of texts and numbers."""
    if isinstance(value, list | tuple):
        return all(map(is_result, value))
    if is_dataclass(value):
        return all(is_result(getattr(value, field.name)) for field in fields(value))
    return isinstance(value, np.ndarray | str | int | float)


def check(server: HostileServer, said: HostileAnswer, by_awaited: bool) -> None:
    server.reset()
    server.metadata, server.answer, server.refusal = said.metadata, said.answer, said.refusal
    began = time.monotonic()
    with highest_memory() as more_bytes:
        result = ask(server.address, said.call, by_awaited)
    seconds = time.monotonic() - began
    target(seconds, label="seconds")
    target(float(more_bytes[0]), label="bytes")
    assert result is None or is_result(result), result
    assert seconds < SLOWEST_SECONDS
    assert more_bytes[0] < MOST_BYTES


def check_frames(server: FrameServer, frames: bytes) -> None:
    server.frames = frames
    began = time.monotonic()
    assert ask(server.address, CALLS[0], by_awaited=False) is None
    assert time.monotonic() - began < SLOWEST_SECONDS


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.model} {call.signature}")
def test_a_good_answer_is_a_result(server: HostileServer, call: Call[Any]) -> None:
    server.reset()
    server.metadata, server.answer = good_metadata(call).SerializeToString(), good_answer(call).SerializeToString()
    result = ask(server.address, call, by_awaited=False)
    assert result is not None
    assert is_result(result)


@BUDGET
@given(said=hostile_answers(), by_awaited=st.booleans())
def test_a_result_or_an_exception(server: HostileServer, said: HostileAnswer, by_awaited: bool) -> None:
    check(server, said, by_awaited)


@settings(BUDGET, max_examples=20)
@given(frames=http2_frames())
def test_frames_that_are_no_answer(frame_server: FrameServer, frames: bytes) -> None:
    check_frames(frame_server, frames)


@pytest.mark.long
def test_minutes_of_hostile_answers(server: HostileServer, frame_server: FrameServer) -> None:
    kinds = [
        Kind(lambda said, by_awaited: check(server, said, by_awaited), hostile_answers(), st.booleans()),
        Kind(lambda frames: check_frames(frame_server, frames), http2_frames()),
    ]
    fuzz(kinds, psutil.Process())
