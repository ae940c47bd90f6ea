"""A line for each request: its model, how it ended, how long it took; what clients send stays out unless asked for."""

import datetime
import json
import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from serving.server.errors import StatusError
from serving.server.requests.call import Call

LOGGER = logging.getLogger("shelfwise.requests")

# Lines of refusals in a minute: a client that is refused over and over must not fill the disk.
MOST_REFUSALS = 600
_MINUTE_SECONDS = 60.0
# Changes what others are answered, so it is logged whatever is asked for.
_RELOAD = "HandleReloadConfigRequest"


class LogRequests(Enum):
    """Which requests are logged, and how much of them."""

    NONE = "none"
    REFUSED = "refused"
    ALL = "all"
    CONTENT = "content"


class RequestLog:
    """Writes JSON lines to the logger `shelfwise.requests`.

    Messages of refusals may quote a client's input, so a line has the status alone unless the content is asked for.

    Args:
        choice: Which requests are logged.
        clock: Seconds since any moment.
    """

    def __init__(self, choice: LogRequests = LogRequests.REFUSED, clock: Callable[[], float] = time.monotonic) -> None:
        self._choice = choice
        self._clock = clock
        self._lock = threading.Lock()
        self._minute_ends = 0.0
        self._refusals = 0

    def record(
        self, model: str, api: str, call: Call, seconds: float, error: StatusError | None, request: object
    ) -> None:
        """Logs one request, if it is to be logged.

        Args:
            model: Name of the model; "" if there is none of the name that was asked for.
            api: Name of the method.
            call: Who asked, and by which protocol.
            seconds: Time that the answer took.
            error: What the request was refused with, if it was.
            request: What the client sent: a message, or bytes.
        """
        if not self._is_wanted(api, error):
            return
        line: dict[str, Any] = {
            "time": _now(),
            "model": model,
            "method": api,
            "protocol": call.entrypoint,
            "peer": call.peer(),
            "status": "OK" if error is None else error.code.name,
            "milliseconds": round(seconds * 1000, 3),
        }
        if self._choice is LogRequests.CONTENT:
            line["message"] = error.message if error is not None else ""
            line["request"] = _readable(request)
        LOGGER.info(json.dumps(line, ensure_ascii=False))

    def _is_wanted(self, api: str, error: StatusError | None) -> bool:
        if api == _RELOAD:
            return True
        if self._choice is LogRequests.NONE or (self._choice is LogRequests.REFUSED and error is None):
            return False
        return error is None or self._has_room()

    def _has_room(self) -> bool:
        """Counts a refusal, and returns whether this minute's lines have room for it."""
        with self._lock:
            now = self._clock()
            left_out = 0
            if now >= self._minute_ends:
                left_out = max(self._refusals - MOST_REFUSALS, 0)
                self._minute_ends, self._refusals = now + _MINUTE_SECONDS, 0
            self._refusals += 1
            has_room = self._refusals <= MOST_REFUSALS
        if left_out:
            LOGGER.info(json.dumps({"time": _now(), "refusals_without_a_line": left_out}))
        return has_room


def write_lines(stream: TextIO) -> None:
    """Has the lines written to a stream, each by itself."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.handlers = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _readable(request: object) -> Any:
    if isinstance(request, Message):
        return MessageToDict(request)
    return request.decode("utf-8", "replace") if isinstance(request, bytes) else str(request)
