"""The HTTP port of the embedded server: REST and metrics."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from serving.server.errors import StatusError, invalid_argument
from serving.server.requests.call import Call
from serving.server.requests.calls import Calls
from serving.server.requests.memory import Share
from serving.server.rest.accept_errors import log_accept_errors_once_a_minute
from serving.server.rest.api import RestApi
from serving.server.rest.bodies import receive_body
from serving.server.rest.connections import Connection, ConnectionLimits, connections
from serving.server.rest.cross_origin import CROSS_ORIGIN_HEADERS, check_preflight
from serving.server.rest.refusals import CLIENT_CLOSED_REQUEST, HttpAnswer, refused
from serving.server.settings import ServerSettings

_ENTRYPOINT = "REST"
_HOST = re.compile(r"https?://[^/]*", re.IGNORECASE)
_START_SECONDS = 30.0
_LINGER_SECONDS = 5.0
# Longer than clients and proxies keep connections that they do not use, mostly 5 to 60 seconds: where the server is the
# first to close one, a request may be on its way and is lost (RFC 9112, section 9.5).
_IDLE_SECONDS = 75
# asyncio goes on for as many when there are no descriptors left.
_WAITING_CONNECTIONS, _ACCEPTED_AT_ONCE = 2048, 100


class RestServer:
    """Answers TF Serving's REST API.

    Bodies are read on one thread for all connections, so slow and idle clients cost no more than their sockets; models
    are called on threads of their own.

    Args:
        calls: Gives each call its model.
        settings: Where and how; without a `rest_port` a free one is taken, and what they say of gRPC is not looked at.

    Raises:
        OSError: The port is taken or may not be used.
    """

    def __init__(self, calls: Calls, settings: ServerSettings) -> None:
        self._api = RestApi(calls)
        self._calls = calls
        self._timeout_seconds = settings.rest_timeout_seconds
        self._metrics_path = settings.metrics_path
        self._headers = CROSS_ORIGIN_HEADERS if settings.rest_cors else {}
        threads = settings.calls_at_once(settings.rest_threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rest")
        host, port = settings.host, settings.rest_port or 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=_WAITING_CONNECTIONS)
        except OSError as error:
            raise OSError(f"Cannot listen on {host}:{port}: {error.strerror}. Give another port, or 0.") from error
        # Connections inherit it; asyncio sets it only on sockets that name their protocol. Otherwise a body waits 40 ms
        # for the client to acknowledge the headers.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self._config = uvicorn.Config(
            self._app,
            interface="asgi3",
            # h11 bounds the size of headers.
            http=connections(
                ConnectionLimits(
                    most=settings.max_connections,
                    header_seconds=settings.rest_timeout_seconds,
                    send_seconds=settings.rest_timeout_seconds,
                    linger_seconds=min(_LINGER_SECONDS, settings.rest_timeout_seconds),
                ),
                self._refuse_malformed,
                self._refuse_one_more,
            ),
            backlog=_ACCEPTED_AT_ONCE,
            timeout_keep_alive=_IDLE_SECONDS,
            ws="none",
            lifespan="off",
            log_config=None,
            # Its warnings are about requests that are refused, which have a line of their own.
            log_level="error",
            access_log=False,
            server_header=False,
        )
        self._server = _Server(self._config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rest", daemon=True
        )

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        # asyncio has set it to what is accepted at once.
        self._socket.listen(_WAITING_CONNECTIONS)

    def stop(self, drain_seconds: float) -> None:
        """Takes no more calls, waits up to `drain_seconds` for those in flight, and closes the port."""
        self._config.timeout_graceful_shutdown = max(1, round(drain_seconds))
        self._server.should_exit = True
        if self._thread.ident is not None:  # It was started.
            self._thread.join()
        self._socket.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers whatever is HTTP, by any method and at any path."""
        request = Request(scope, receive)
        share = self._calls.share()
        connection: Connection = scope["state"]["connection"]
        try:
            response = await self._response(request, share)
            if "content-length" in request.headers and "transfer-encoding" in request.headers:
                # Others on the way may have read another end of the request (RFC 9112, section 6.1).
                response.headers["Connection"] = "close"
            await response(scope, receive, send)
            await connection.sent()
        except ClientDisconnect:
            # It went away before it had asked.
            await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, send)
        finally:
            share.shrink_to(0)

    async def _response(self, request: Request, share: Share) -> Response:
        path = _path(request)
        if path == self._metrics_path:
            return Response(self._calls.metrics.page(), media_type=CONTENT_TYPE_LATEST)
        if query := request.scope["query_string"].decode("ascii", "replace"):
            # In TF Serving it is part of the path.
            path += f"?{query}"
        if not path.lower().startswith("/v1/"):
            message = f"There is nothing at {path}; models are below /v1/models/."
            return self._refuse(request, path, StatusError(grpc.StatusCode.NOT_FOUND, message))
        response = await self._answer(request, path, share)
        response.headers.update(self._headers)
        return response

    async def _answer(self, request: Request, path: str, share: Share) -> Response:
        try:
            body = await receive_body(request, self._calls.limits.message_bytes, self._timeout_seconds, share)
        except StatusError as error:
            return self._refuse(request, path, error)
        if request.method == "OPTIONS":
            return self._preflight(request, path)
        gone = _Gone()
        watcher = asyncio.create_task(_watch(request, gone))
        try:
            deadline = time.monotonic() + self._timeout_seconds
            call = Call(
                entrypoint=_ENTRYPOINT, deadline=deadline, on_gone=gone.add, peer=_peer_of(request), share=share
            )
            encoding = request.headers.get("content-encoding", "")
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._api.answer, request.method, path, body, call, encoding
            )
        finally:
            watcher.cancel()
        return _json(answer)

    def _preflight(self, request: Request, path: str) -> Response:
        """Answers a browser that asks whether it may send a page's request."""
        try:
            call = Call(entrypoint=_ENTRYPOINT, peer=_peer_of(request))
            with self._calls.watched("", "", call, f"OPTIONS {path}"):
                check_preflight(request.headers.get("origin", ""))
        except StatusError as error:
            return _json(refused(error))
        return Response()

    def _refuse(self, request: Request, path: str, error: StatusError) -> Response:
        call = Call(entrypoint=_ENTRYPOINT, peer=_peer_of(request))
        return _json(self._api.refuse(error, call, f"{request.method} {path}"))

    def _refuse_malformed(self) -> HttpAnswer:
        return self._api.refuse(invalid_argument("The request is not HTTP."), Call(entrypoint=_ENTRYPOINT))

    def _refuse_one_more(self) -> HttpAnswer:
        error = StatusError(grpc.StatusCode.UNAVAILABLE, "The server has no room for another connection.")
        return self._api.refuse(error, Call(entrypoint=_ENTRYPOINT))


class _Server(uvicorn.Server):
    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        log_accept_errors_once_a_minute(asyncio.get_running_loop())
        await super().startup(sockets)


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


def _peer_of(request: Request) -> Callable[[], str]:
    return lambda: "" if request.client is None else f"{request.client.host}:{request.client.port}"


def _path(request: Request) -> str:
    """Returns the path as it came, without the host where the first line has one."""
    target = request.scope["raw_path"].decode("ascii", "replace")
    return _HOST.sub("", target, count=1)


def _json(answer: HttpAnswer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")
