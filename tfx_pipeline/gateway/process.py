"""Runs the gateway until it is told to stop."""

import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from components.errors import InputError
from tfx_pipeline.gateway.app import make_app
from tfx_pipeline.gateway.connections import allow_many_connections, http_options
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.parts import Parts

_BACKLOG = 2048
# Of one that is kept open without a request.
_KEEP_SECONDS = 30
_STOP_SECONDS = 10


def serve_gateway(
    open_parts: Callable[[Metrics], Awaitable[Parts]],
    options: GatewayOptions,
    host: str,
    port: int,
    announce: Callable[[str], None],
) -> None:
    """Serves until a signal comes.

    Args:
        open_parts: Opens what the routes work with.
        options: The configuration.
        host: Address to listen on.
        port: Port; 0 takes a free one.
        announce: Is told where it listens, once it answers.

    Raises:
        InputError: The port is taken, or a certificate cannot be read.
    """
    with contextlib.closing(_bound(host, port)) as listening:
        allow_many_connections()
        config = _config(make_app(open_parts), options)
        scheme = "https" if options.certificate else "http"
        address, real_port = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        _Server(config, lambda: announce(f"{scheme}://{shown}:{real_port}/")).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers.

    Args:
        config: Its configuration.
        ready: Is called when it answers.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and says so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def _config(app: FastAPI, options: GatewayOptions) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        **http_options(),
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        backlog=_BACKLOG,
        # The address of whoever connects decides who may ask: no header says otherwise.
        proxy_headers=False,
        ssl_certfile=_existing(options.certificate),
        ssl_keyfile=_existing(options.certificate_key),
    )
    try:
        config.load()
    except ssl.SSLError as error:
        raise InputError(f"{options.certificate}: expected a certificate with its key, in PEM: {error}") from error
    return config


def _bound(host: str, port: int) -> socket.socket:
    """Returns a socket that nobody can connect to until the gateway answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise InputError(f"Cannot listen on {host}:{port}: {error.strerror}. Give another port, or 0.") from error
    return bound


def _existing(file: str) -> str | None:
    if not file:
        return None
    if not Path(file).is_file():
        raise InputError(f"{file}: `gateway.certificate` and `gateway.certificate_key` name files; there is none.")
    return file
