"""The embedded server, from start to stop."""

import contextlib
import functools
import importlib
import importlib.util
import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

from serving.server.batching.batch_scheduler import BatchScheduler
from serving.server.batching.batched_servable import BatchedServable
from serving.server.grpc_api.grpc_server import GrpcServer
from serving.server.models.config_file_watcher import ConfigFileWatcher
from serving.server.models.model_config import ModelConfig, read_model_config_file
from serving.server.models.model_sources import FixedModels, ModelsFolder
from serving.server.models.model_store import ModelSource, ModelStore
from serving.server.models.servable import Servable
from serving.server.ports import check_address
from serving.server.ready_file import ServerAddresses
from serving.server.request_log import RequestLog
from serving.server.requests.calls import Calls
from serving.server.rest.server import RestServer
from serving.server.settings import ModelConfigFile, ServerSettings

_LOG = logging.getLogger(__name__)

Models: TypeAlias = Path | ModelConfigFile | dict[str, ModelConfig]


def serve(
    models: Models,
    settings: ServerSettings | None = None,
    *,
    announce: Callable[[str], None] = _LOG.info,
    on_ready: Callable[[ServerAddresses], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serves models until SIGTERM, SIGINT or `stop`.

    Models and versions that appear later are loaded; those that are there already are loaded before the ports open.

    Args:
        models: A folder with `<model>/<version>/`, a file of models, or the models by name.
        settings: How they are served.
        announce: Is told in a line what the server does; "ready: …", with the gRPC address at its end, once it answers.
        on_ready: Is told the addresses once the server answers.
        on_stopping: Is called when the server begins to stop.
        stop: Ends the server when it is set; signals are handled only on the main thread.

    Raises:
        ModelConfigError: The file of models cannot be used.
        OSError: A port is taken or may not be used.
        StatusError: A label names a version that is not loaded.
    """
    settings = settings or ServerSettings()
    stopping = stop or threading.Event()
    tell = functools.partial(_tell_in_a_line, announce)
    # Loading takes long: what stands against listening is said before it.
    for port in filter(None, (settings.port, settings.rest_port)):
        check_address(settings.host, port)
    load_text_ops()
    scheduler = BatchScheduler(settings.batching) if settings.batching is not None else None
    store = ModelStore(
        _source(models),
        report=tell,
        poll_seconds=settings.poll_seconds,
        load=_loader(scheduler, settings),
        allow_labels_for_unavailable=settings.allow_labels_for_unavailable,
        warm_up=settings.warm_up,
    )
    # Made before the models are loaded, which may take long: the file may change meanwhile.
    watcher = ConfigFileWatcher(models, store, tell) if isinstance(models, ModelConfigFile) else None
    previous = _set_handlers(stopping)
    with contextlib.ExitStack() as stack:
        for number, handler in previous.items():
            stack.callback(signal.signal, number, handler)
        stack.callback(store.stop)
        if scheduler is not None:
            stack.callback(scheduler.stop)
            scheduler.start()
        store.start()
        servers = _servers(Calls(store, settings.limits, log=RequestLog(settings.log_requests)), settings)
        addresses = ServerAddresses(*(server.address for server in servers))
        stack.callback(_stop, servers, settings.drain_seconds)
        for server in servers:
            server.start()
        if watcher is not None:
            stack.callback(watcher.stop)
            watcher.start()
        if on_ready is not None:
            on_ready(addresses)
        tell(f"ready: {_loaded(store, models)}, {_listening(addresses)}")
        stopping.wait()
        tell("stopping")
        if on_stopping is not None:
            on_stopping()


def load_text_ops() -> None:
    """Registers the TF.Text ops, where the package is installed: a model with a tokenizer in its graph needs them."""
    if importlib.util.find_spec("tensorflow_text") is not None:
        importlib.import_module("tensorflow_text")


def _tell_in_a_line(announce: Callable[[str], None], text: str) -> None:
    # TensorFlow's errors have several, and each line of the log stands by itself.
    announce(" ".join(map(str.strip, text.splitlines())))


def _source(models: Models) -> ModelSource:
    if isinstance(models, Path):
        return ModelsFolder(models)
    if isinstance(models, ModelConfigFile):
        return FixedModels(read_model_config_file(models.path))
    return FixedModels(models)


def _loader(scheduler: BatchScheduler | None, settings: ServerSettings) -> Callable[[str, int, Path], Servable]:
    if scheduler is None:
        return functools.partial(Servable, parallelism=settings.parallelism)
    return functools.partial(BatchedServable, scheduler=scheduler, parallelism=settings.parallelism)


def _servers(calls: Calls, settings: ServerSettings) -> list[GrpcServer | RestServer]:
    servers: list[GrpcServer | RestServer] = [GrpcServer(calls, settings)]
    if settings.rest_port is not None:
        servers.append(RestServer(calls, settings))
    return servers


def _stop(servers: list[GrpcServer | RestServer], drain_seconds: float) -> None:
    # All at once: the time to drain is the same for each.
    with ThreadPoolExecutor(len(servers)) as threads:
        list(threads.map(lambda server: server.stop(drain_seconds), servers))


def _loaded(store: ModelStore, models: Models) -> str:
    loaded = ", ".join(f"{name} version {version}" for name, version in sorted(store.loaded_versions().items()))
    return loaded or (f"no model yet in {models}" if isinstance(models, Path) else "no model yet")


def _listening(addresses: ServerAddresses) -> str:
    rest = f"REST at {addresses.rest}, " if addresses.rest is not None else ""
    return f"{rest}gRPC at {addresses.grpc}"


def _set_handlers(stopping: threading.Event) -> dict[signal.Signals, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
