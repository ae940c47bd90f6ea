"""The models that the server has loaded, kept in step with the version folders on disk."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import grpc
from tensorflow_serving.apis import model_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.model_config import ModelConfig
from serving.server.models.model_sources import FixedModels
from serving.server.models.model_versions import ModelVersions, VersionState
from serving.server.models.servable import Servable

_LOG = logging.getLogger(__name__)

ModelSource: TypeAlias = Callable[[], Mapping[str, ModelConfig]]


class ModelStore:
    """Serves the versions that each model's policy chooses.

    Args:
        models: Returns the models by name; asked at every poll, so that models may be added.
        report: Is told in a line what was loaded or refused.
        poll_seconds: Time between two looks at the folders; 0 or less looks once.
        load: Loads a version, given the model's name, the version and its folder.
        allow_labels_for_unavailable: Whether a new label may name a version that is not loaded yet.
        warm_up: Whether a version is warmed up before it is served.
    """

    def __init__(
        self,
        models: ModelSource,
        report: Callable[[str], None] = _LOG.info,
        poll_seconds: float = 1.0,
        load: Callable[[str, int, Path], Servable] = Servable,
        allow_labels_for_unavailable: bool = False,
        warm_up: bool = True,
    ) -> None:
        self._source = models
        self._report = report
        self._poll_seconds = poll_seconds
        self._load = load
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._warm_up = warm_up
        self._models: dict[str, ModelVersions] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()
        self._poll_lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Loads what there is, then keeps looking in a thread of its own until `stop`.

        Raises:
            StatusError: FAILED_PRECONDITION for a label of a version that is not loaded, unless that is allowed.
        """
        self._set_labels(self._source())
        self.poll()
        if self._poll_seconds <= 0.0:
            return
        self._thread = threading.Thread(target=self._poll_until_stopped, name="model-store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops looking, and closes each model when its requests in flight have ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            models = list(self._models.values())
        for model in models:
            model.stop()

    def poll(self) -> None:
        """Looks at the folders once, and loads and drops what has changed."""
        with self._poll_lock:
            self._follow(self._source())

    def reload(self, configs: Mapping[str, ModelConfig], asked_by: str) -> None:
        """Serves these models from now on; those that are not among them go.

        Args:
            configs: The models by name.
            asked_by: Who wants it, for the log.

        Raises:
            StatusError: FAILED_PRECONDITION for a label of a version that is not loaded, and then nothing changes;
                UNKNOWN if a new model has no version that can be loaded.
        """
        with self._poll_lock:
            self._set_labels(configs)
            known = set(self._source())
            gone = sorted(known - set(configs))
            self._report(f"configuration of {asked_by}: {_listed(configs)}; gone: {_listed(gone)}")
            self._source = FixedModels(configs)
            self._follow(configs)
        missing = sorted(set(configs) - known - set(self.loaded_versions()))
        if missing:
            reasons = "".join(f"{{{self._why_missing(name)}}}, " for name in missing)
            raise StatusError(
                grpc.StatusCode.UNKNOWN, f"{len(missing)} model(s) did not become available: {{{reasons}}}"
            )

    def __contains__(self, name: str) -> bool:
        with self._lock:
            return name in self._models

    def loaded_versions(self) -> dict[str, int]:
        """Returns the latest version in use of each model that has one."""
        with self._lock:
            latest = {name: model.latest for name, model in self._models.items()}
        return {name: servable.version for name, servable in latest.items() if servable is not None}

    def states(self, name: str) -> dict[int, VersionState]:
        """Returns the states of a model's versions; empty for an unknown model."""
        with self._lock:
            model = self._models.get(name)
        return model.states() if model is not None else {}

    @contextlib.contextmanager
    def use(self, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
        """Gives the version that a model spec asks for, which stays loaded until the block ends.

        Raises:
            StatusError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for an unknown label or no name.
        """
        servable = self._acquire(spec)
        try:
            yield servable
        finally:
            servable.release()

    def _acquire(self, spec: model_pb2.ModelSpec) -> Servable:
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        version = self._chosen_version(spec)
        with self._lock:
            model = self._models.get(spec.name)
        servable = model.acquire(version) if model is not None else None
        if servable is None:
            asked = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            raise StatusError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")
        return servable

    def _chosen_version(self, spec: model_pb2.ModelSpec) -> int | None:
        choice = spec.WhichOneof("version_choice")
        if choice == "version":
            return int(spec.version.value)
        if choice == "version_label":
            version = self._labels.get(spec.name, {}).get(spec.version_label)
            if version is None:
                raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
            return version
        return None

    def _set_labels(self, configs: Mapping[str, ModelConfig]) -> None:
        for name, config in configs.items():
            states = self.states(name)
            for label, version in config.labels.items():
                current = self._labels.get(name, {}).get(label, version)
                allowed = self._allow_labels_for_unavailable and current == version
                if not allowed and (version not in states or not states[version].is_available):
                    raise StatusError(
                        grpc.StatusCode.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {name}, which is not currently "
                        "available for inference",
                    )
        self._labels = {name: dict(config.labels) for name, config in configs.items()}

    def _follow(self, configs: Mapping[str, ModelConfig]) -> None:
        with self._lock:
            for name in configs:
                if name not in self._models:
                    self._models[name] = ModelVersions(name, self._load, self._report, warmed_up=self._warm_up)
            models = dict(self._models)
        for name, model in models.items():
            if name in configs:
                model.follow(configs[name])
            else:
                model.retire_all()

    def _poll_until_stopped(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self.poll()
            except Exception:
                # Whatever a folder holds, the server goes on with what it has loaded.
                _LOG.exception("Looking for new model versions failed; trying again.")

    def _why_missing(self, name: str) -> str:
        refused = [(version, state.error) for version, state in self.states(name).items() if state.error is not None]
        if not refused:
            return f"name: {name}: no version in its base_path"
        version, error = max(refused, key=lambda pair: pair[0])
        return f"name: {name} version: {version} due to error: {error.code.name}: {error.message}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no models"
