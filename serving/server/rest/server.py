"""The HTTP port of the embedded server: REST and metrics."""

import asyncio
import http
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.server.call import Call
from serving.server.calls import Calls
from serving.server.errors import invalid_argument
from serving.server.metrics import METRICS_PATH
from serving.server.rest.api import CLIENT_CLOSED_REQUEST, Answer, RestApi
from serving.server.rest.headers_in_time import headers_within
from serving.server.rest.json_values import error_body

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_START_SECONDS = 30.0


class RestServer:
    """Answers TF Serving's REST API.

    Bodies are read on one thread for all connections, so slow and idle clients cost no more than their sockets; models
    are called on threads of their own.

    Args:
        calls: Gives each call its model.
        host: Address to listen on; only this machine can reach the default.
        port: Port to listen on; 0 takes a free one.
        threads: Calls that are answered at once.
        timeout_seconds: Time that the headers of a request have to arrive, then the rest of it, then the answer.
        metrics_path: Where the metrics are; None for nowhere.

    Raises:
        OSError: The port is taken or may not be used.
    """

    def __init__(
        self,
        calls: Calls,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int | None = None,
        timeout_seconds: float = 30.0,
        metrics_path: str | None = METRICS_PATH,
    ) -> None:
        self._api = RestApi(calls)
        self._calls = calls
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(threads or 4 * (os.cpu_count() or 1), thread_name_prefix="rest")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            raise OSError(f"Cannot listen on {host}:{port}: {error.strerror}. Give another port, or 0.") from error
        # Connections inherit it; asyncio sets it only on sockets that name their protocol. Otherwise a body waits 40 ms
        # for the client to acknowledge the headers.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        routes = [Route("/{path:path}", self._answer, methods=_METHODS)]
        if metrics_path is not None:
            routes.insert(0, Route(metrics_path, self._metrics))
        app = Starlette(routes=routes)
        self._config = uvicorn.Config(
            # h11 bounds the size of headers.
            app,
            http=headers_within(timeout_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rest", daemon=True
        )

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)

    def stop(self, drain_seconds: float) -> None:
        """Takes no more calls, waits up to `drain_seconds` for those in flight, and closes the port."""
        self._config.timeout_graceful_shutdown = max(1, round(drain_seconds))
        self._server.should_exit = True
        if self._thread.ident is not None:  # It was started.
            self._thread.join()
        self._socket.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _metrics(self, _: Request) -> Response:
        return Response(self._calls.metrics.page(), media_type=CONTENT_TYPE_LATEST)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["raw_path"].split(b"?")[0].decode("ascii", "replace")
        if not path.lower().startswith("/v1/"):
            return _plain_error(http.HTTPStatus.NOT_FOUND, f"There is nothing at {path}; models are below /v1/models/.")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._body(request)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except TimeoutError:
            return _plain_error(http.HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
        if body is None:
            limit = self._calls.limits.message_bytes
            return _plain_error(
                http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The request is larger than this server takes: {limit} bytes.",
            )
        gone = _Gone()
        watcher = asyncio.create_task(_watch(request, gone))
        try:
            call = Call(entrypoint="REST", timeout_seconds=self._timeout_seconds, on_gone=gone.add)
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._api.answer, request.method, path, body, call
            )
        finally:
            watcher.cancel()
        return _response(answer)

    async def _body(self, request: Request) -> bytes | None:
        """Returns the body; None if it is too large."""
        limit = self._calls.limits.message_bytes
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            return None
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                return None
            parts.append(part)
        return b"".join(parts)


class _Gone:
    """Tells whoever asks that the client has gone away; used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []
        self._is_gone = False

    def add(self, callback: Callable[[], object]) -> bool:
        with self._lock:
            if not self._is_gone:
                self._callbacks.append(callback)
            return not self._is_gone

    def tell(self) -> None:
        with self._lock:
            self._is_gone = True
            callbacks = self._callbacks
        for callback in callbacks:
            callback()


async def _watch(request: Request, gone: _Gone) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.tell()


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


def _plain_error(status: http.HTTPStatus, message: str) -> Response:
    return _response(Answer(status, error_body(invalid_argument(message))))
