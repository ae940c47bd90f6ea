"""A gateway that answers over HTTP, on a thread of the tests' process."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tfx_pipeline.gateway.app import make_app
from tfx_pipeline.gateway.connections import http_options
from tfx_pipeline.gateway.opening import Places, opener
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.parts import Parts, Shop


class Running:
    """A gateway that answers.

    Attributes:
        http: Asks it.
        address: Where it listens, as `http://HOST:PORT`.
    """

    def __init__(self, http: httpx.Client, address: str, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.http, self.address = http, address
        self._app, self._loop = app, loop

    @property
    def parts(self) -> Parts:
        """What it works with."""
        parts: Parts = self._app.state.parts
        return parts

    def pretend_it_is(self, now: float) -> None:
        """Has the routes take a moment for the present one."""
        self._app.state.parts = replace(self.parts, now=lambda: now)

    def write_log(self) -> None:
        """Has what waits written to the log, now."""

        async def write() -> None:
            await self.parts.impressions.settle()
            await self.parts.writer.write()

        asyncio.run_coroutine_threadsafe(write(), self._loop).result(30)

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """Asks."""
        return self.http.get(path, params=parameters)

    def post(self, path: str, content: Any) -> httpx.Response:
        """Sends JSON."""
        return self.http.post(path, json=content)


@contextlib.contextmanager
def running_gateway(
    folder: Path,
    models: str,
    options: GatewayOptions | None = None,
    shop: Shop | None = None,
    *,
    catalogues: tuple[Path, ...] = (),
    key: str = "secret",
    forgets: Callable[[Iterable[str]], object] | None = None,
) -> Iterator[Running]:
    """Runs a gateway until the block ends.

    Args:
        folder: Where it keeps store and log.
        models: Address of the models.
        options: Its configuration.
        shop: What it is told of the shop.
        catalogues: The catalogues that it knows.
        key: What user ids are hashed with.
        forgets: Has later runs leave out a user.
    """
    places = Places(folder=folder, models=models, user_id_key=key, catalogues=catalogues, forgets=forgets)
    app = make_app(opener(options or GatewayOptions(timeout_seconds=20.0), shop or Shop(), places))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = uvicorn.Server(
        uvicorn.Config(app, **http_options(), lifespan="on", log_level="error", timeout_graceful_shutdown=5)
    )
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve([listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        assert server.started, "the gateway did not start"
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=30.0) as http:
            yield Running(http, address, app, loops[0])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
