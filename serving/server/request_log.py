"""A line for each request: its model, how it ended, how long it took; what clients send stays out unless asked for."""

import datetime
import json
import logging
from enum import Enum
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from serving.server.errors import StatusError

LOGGER = logging.getLogger("shelfwise.requests")


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
    """

    def __init__(self, choice: LogRequests = LogRequests.REFUSED) -> None:
        self._choice = choice

    def record(
        self, model: str, api: str, entrypoint: str, seconds: float, error: StatusError | None, request: object
    ) -> None:
        """Logs one request, if it is to be logged.

        Args:
            model: Name of the model; "" if there is none of the name that was asked for.
            api: Name of the method.
            entrypoint: The protocol: GRPC or REST.
            seconds: Time that the answer took.
            error: What the request was refused with, if it was.
            request: What the client sent: a message, or bytes.
        """
        if self._choice is LogRequests.NONE or (self._choice is LogRequests.REFUSED and error is None):
            return
        line: dict[str, Any] = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "model": model,
            "method": api,
            "protocol": entrypoint,
            "status": "OK" if error is None else error.code.name,
            "milliseconds": round(seconds * 1000, 3),
        }
        if self._choice is LogRequests.CONTENT:
            line["message"] = error.message if error is not None else ""
            line["request"] = _readable(request)
        LOGGER.info(json.dumps(line, ensure_ascii=False))


def write_lines(stream: TextIO) -> None:
    """Has the lines written to a stream, each by itself."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.handlers = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def _readable(request: object) -> Any:
    if isinstance(request, Message):
        return MessageToDict(request)
    return request.decode("utf-8", "replace") if isinstance(request, bytes) else str(request)
