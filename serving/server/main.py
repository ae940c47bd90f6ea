"""The embedded server, from start to stop."""

import importlib
import importlib.util
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.server.grpc_server import GrpcServer
from serving.server.model_store import ModelStore
from serving.server.version_folders import model_folders

_LOG = logging.getLogger(__name__)


def serve(
    models: Path,
    host: str = "127.0.0.1",
    port: int = 8500,
    *,
    announce: Callable[[str], None] = _LOG.info,
    poll_seconds: float = 1.0,
    drain_seconds: float = 5.0,
    on_ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serves the models under `<models>/<model>/<version>/` until SIGTERM, SIGINT or `stop`.

    Models and versions that appear later are loaded; those that are there already are loaded before the port opens.

    Args:
        models: Folder of the models' folders.
        host: Address to listen on.
        port: gRPC port; 0 takes a free one.
        announce: Is told in a line what the server does; "ready: …", with the address at its end, once it answers.
        poll_seconds: Time between two looks for new versions.
        drain_seconds: Time that requests in flight have to end when the server stops.
        on_ready: Is told the address once the server answers.
        stop: Ends the server when it is set; signals are handled only on the main thread.

    Raises:
        OSError: The port is taken or may not be used.
    """
    stopping = stop or threading.Event()
    load_text_ops()
    store = ModelStore(lambda: model_folders(models), report=announce, poll_seconds=poll_seconds)
    server = GrpcServer(store, host=host, port=port)
    previous = _set_handlers(stopping)
    try:
        store.start()
        server.start()
        loaded = ", ".join(f"{name} version {version}" for name, version in sorted(store.loaded_versions().items()))
        announce(f"ready: {loaded or f'no model yet in {models}'}, gRPC at {server.address}")
        if on_ready is not None:
            on_ready(server.address)
        stopping.wait()
        announce("stopping")
    finally:
        server.stop(drain_seconds)
        store.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)


def load_text_ops() -> None:
    """Registers the TF.Text ops, where the package is installed: a model with a tokenizer in its graph needs them."""
    if importlib.util.find_spec("tensorflow_text") is not None:
        importlib.import_module("tensorflow_text")


def _set_handlers(stopping: threading.Event) -> dict[signal.Signals, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
