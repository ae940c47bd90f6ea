"""The embedded server, from start to stop."""

import functools
import importlib
import importlib.util
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.server.batch_scheduler import BatchScheduler
from serving.server.batching import BatchedServable
from serving.server.batching_parameters import BatchingParameters
from serving.server.calls import Calls
from serving.server.grpc_server import GrpcServer
from serving.server.model_sources import ModelsFolder
from serving.server.model_store import ModelStore
from serving.server.servable import Servable

_LOG = logging.getLogger(__name__)

MAX_CALL_THREADS = 512


def serve(
    models: Path,
    host: str = "127.0.0.1",
    port: int = 8500,
    *,
    batching: BatchingParameters | None = None,
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
        batching: How concurrent requests are computed together; None computes each alone.
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
    scheduler = BatchScheduler(batching) if batching is not None else None
    load = Servable if scheduler is None else functools.partial(BatchedServable, scheduler=scheduler)
    store = ModelStore(ModelsFolder(models), report=announce, poll_seconds=poll_seconds, load=load)
    server = GrpcServer(
        Calls(store), host=host, port=port, threads=None if batching is None else _call_threads(batching)
    )
    previous = _set_handlers(stopping)
    try:
        if scheduler is not None:
            scheduler.start()
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
        if scheduler is not None:
            scheduler.stop()
        store.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)


def load_text_ops() -> None:
    """Registers the TF.Text ops, where the package is installed: a model with a tokenizer in its graph needs them."""
    if importlib.util.find_spec("tensorflow_text") is not None:
        importlib.import_module("tensorflow_text")


def _call_threads(batching: BatchingParameters) -> int:
    # Each call waits in a thread of its own: enough to fill a signature's queue, and one that is told so.
    batches = batching.num_batch_threads + max(batching.max_enqueued_batches, 1)
    return min(batches * batching.max_batch_size + 1, MAX_CALL_THREADS)


def _set_handlers(stopping: threading.Event) -> dict[signal.Signals, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
