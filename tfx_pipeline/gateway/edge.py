"""What is done with each request before a route sees it, and with each answer after."""

import asyncio
import logging
import re
import time
import uuid
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tfx_pipeline.gateway.metrics import Metrics

_LOG = logging.getLogger(__name__)
_REQUEST_ID = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
MOST_BODY_BYTES = 2**20
# How long a request's body may take to come.
_BODY_SECONDS = 15.0
_OTHER = "other"


class Edge:
    """Names each request, bounds its body, refuses paths that are no text, and counts.

    A request's id is the one of its header `X-Request-ID`, if that has letters, digits and `._:-` alone, or a new one.

    Args:
        app: The application.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request, or hands on what is none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(_REQUEST_ID, b"")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex.encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        status, started = 500, False
        taken, coming = 0, True

        async def bounded() -> Message:
            nonlocal taken, coming
            if not coming:
                return await receive()
            left = began + _BODY_SECONDS - time.perf_counter()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.0))
            except TimeoutError:
                words = f"Expected the whole request within {_BODY_SECONDS:g} seconds; send it again."
                raise HTTPException(408, words, {"Connection": "close"}) from None
            coming = message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > MOST_BODY_BYTES:
                raise HTTPException(413, f"Expected at most {MOST_BODY_BYTES} bytes; send less at once.")
            return message

        async def named(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message.setdefault("headers", []).append((_REQUEST_ID, request_id))
            await send(message)

        try:
            refusal = _refusal(scope, headers)
            if refusal is not None:
                await refusal_of(*refusal, request_id.decode())(scope, receive, named)
                return
            await self._app(scope, bounded, named)
        except Exception:
            _LOG.exception("request %s failed", request_id.decode())
            if started:
                raise
            words = "The gateway failed; its log says why, under the request's id."
            await refusal_of(500, words, request_id.decode())(scope, receive, named)
        finally:
            route = getattr(scope.get("route"), "path", _OTHER)
            self._metrics.requests.labels(route, status).observe(time.perf_counter() - began)


def refusal_of(status: int, words: str, request_id: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Returns the response that says why a request is not answered."""
    return JSONResponse({"error": words, "request_id": request_id}, status, headers)


def _refusal(scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
    length: Any = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MOST_BODY_BYTES:
        return 413, f"Expected at most {MOST_BODY_BYTES} bytes, got {int(length)}; send less at once."
    try:
        # Other bytes would all become the same sign, and one user another.
        unquote_to_bytes(scope.get("raw_path", b"")).decode("utf-8")
        unquote_to_bytes(scope.get("query_string", b"")).decode("utf-8")
    except UnicodeDecodeError:
        return 400, "Expected a path and a query in UTF-8, percent-encoded; got other bytes."
    return None
