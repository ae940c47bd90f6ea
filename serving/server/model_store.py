"""The models that the server has loaded, kept in step with the version folders on disk."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.servable import Servable
from serving.server.version_folders import fingerprint, ready_versions
from serving.server.warm_up import warm_up

_LOG = logging.getLogger(__name__)
_KEPT_STATES = 100

State: TypeAlias = get_model_status_pb2.ModelVersionStatus.State


@dataclass(frozen=True)
class VersionState:
    """Where a version stands, as GetModelStatus reports it; `error` says why it was refused."""

    state: State
    error: StatusError | None = None


@dataclass
class _Model:
    """A model's version in use, the states of all its versions, and the files of those that were refused."""

    current: Servable | None = None
    states: dict[int, VersionState] = field(default_factory=dict)
    refused: dict[int, object] = field(default_factory=dict)


class ModelStore:
    """Serves the latest loadable version of each model.

    A new version is loaded and warmed up before the old one goes, and requests in flight end on the old one. A version
    that cannot be loaded, or whose warm-up fails, is refused and reported; what was served goes on, or else the next
    older version is used. If a model's versions all vanish from disk, the loaded one goes on.

    Args:
        models: Returns the folder of each model by name; asked at every poll, so that models may be added.
        report: Is told in a line what was loaded or refused.
        poll_seconds: Time between two looks at the folders.
        load: Loads a version, given the model's name, the version and its folder.
    """

    def __init__(
        self,
        models: Callable[[], Mapping[str, Path]],
        report: Callable[[str], None] = _LOG.info,
        poll_seconds: float = 1.0,
        load: Callable[[str, int, Path], Servable] = Servable,
    ) -> None:
        self._folders = models
        self._report = report
        self._poll_seconds = poll_seconds
        self._load_servable = load
        self._models: dict[str, _Model] = {}
        self._lock = threading.Lock()
        self._poll_lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Loads what there is, then keeps looking in a thread of its own until `stop`."""
        self.poll()
        self._thread = threading.Thread(target=self._poll_until_stopped, name="model-store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops looking, and closes each model when its requests in flight have ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            loaded = [model.current for model in self._models.values() if model.current is not None]
            self._models.clear()
        for servable in loaded:
            servable.retire(lambda: None)

    def poll(self) -> None:
        """Looks at the folders once, and loads and drops what has changed."""
        with self._poll_lock:
            for name, folder in self._folders().items():
                self._update(name, folder)

    def loaded_versions(self) -> dict[str, int]:
        """Returns the version in use of each model that has one."""
        with self._lock:
            return {name: model.current.version for name, model in self._models.items() if model.current is not None}

    def states(self, name: str) -> dict[int, VersionState]:
        """Returns the states of a model's versions; empty for an unknown model."""
        with self._lock:
            model = self._models.get(name)
            return dict(model.states) if model is not None else {}

    @contextlib.contextmanager
    def use(self, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
        """Gives the version that a model spec asks for, which stays loaded until the block ends.

        Raises:
            StatusError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for a label or no name.
        """
        servable = self._acquire(spec)
        try:
            yield servable
        finally:
            servable.release()

    def _acquire(self, spec: model_pb2.ModelSpec) -> Servable:
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
            raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
        with self._lock:
            model = self._models.get(spec.name)
            servable = model.current if model is not None else None
            if servable is not None and choice == "version" and servable.version != spec.version.value:
                servable = None
            # Acquired under the lock: the store replaces `current` under it before it retires the old version.
            if servable is not None and servable.acquire():
                return servable
        asked = f"Specific({spec.name}, {spec.version.value})" if choice == "version" else f"Latest({spec.name})"
        raise StatusError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")

    def _poll_until_stopped(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self.poll()
            except Exception:
                # Whatever a folder holds, the server goes on with what it has loaded.
                _LOG.exception("Looking for new model versions failed; trying again.")

    def _update(self, name: str, folder: Path) -> None:
        with self._lock:
            model = self._models.setdefault(name, _Model())
        versions = ready_versions(folder)
        for version in sorted(versions, reverse=True):
            if model.current is not None and model.current.version == version:
                return
            files = fingerprint(versions[version])
            if model.refused.get(version) == files:
                continue
            if self._load(name, model, version, versions[version]):
                model.refused.pop(version, None)
                return
            model.refused[version] = files

    def _load(self, name: str, model: _Model, version: int, folder: Path) -> bool:
        self._set_state(model, version, VersionState(State.LOADING))
        try:
            servable = self._load_servable(name, version, folder)
            try:
                warm_up(servable)
            except Exception:
                servable.retire(lambda: None)
                raise
        except Exception as error:
            # Whatever is wrong with a new version, the server goes on with what it has.
            refusal = error if isinstance(error, StatusError) else invalid_argument(f"{type(error).__name__}: {error}")
            _LOG.warning("Version %d of model %s cannot be used.", version, name, exc_info=True)
            self._set_state(model, version, VersionState(State.END, refusal))
            self._report(f"refused {name} version {version}: {refusal.message}")
            return False
        with self._lock:
            old, model.current = model.current, servable
            model.states[version] = VersionState(State.AVAILABLE)
        if old is not None:
            retired = old.version
            self._set_state(model, retired, VersionState(State.UNLOADING))
            old.retire(lambda: self._set_state(model, retired, VersionState(State.END)))
        self._report(f"loaded {name} version {version}")
        return True

    def _set_state(self, model: _Model, version: int, state: VersionState) -> None:
        with self._lock:
            model.states[version] = state
            for surplus in sorted(model.states)[:-_KEPT_STATES]:
                del model.states[surplus]
