"""The versions of one model: which are loaded, and where each stands."""

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tensorflow_serving.apis import get_model_status_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.model_config import ModelConfig
from serving.server.models.servable import Servable
from serving.server.models.version_folders import check_links, fingerprint, ready_versions
from serving.server.models.warm_up import warm_up

_LOG = logging.getLogger(__name__)
_KEPT_STATES = 100

State: TypeAlias = get_model_status_pb2.ModelVersionStatus.State


@dataclass(frozen=True)
class VersionState:
    """Where a version stands, as GetModelStatus reports it; `error` says why it was refused."""

    state: State
    error: StatusError | None = None

    @property
    def is_available(self) -> bool:
        """Whether it answers requests."""
        return bool(self.state == State.AVAILABLE)


class ModelVersions:
    """Loads and drops versions as the model's policy and its folder say.

    A new version is loaded and warmed up before an old one goes, and requests in flight end on the old one. A version
    that cannot be loaded, or whose warm-up fails, is refused and reported; what was served goes on, or else the policy
    chooses among the others. If all versions vanish from disk, what is loaded goes on.

    Args:
        name: Name of the model.
        load: Loads a version, given the model's name, the version and its folder.
        report: Is told in a line what was loaded or refused.
        warmed_up: Whether versions are warmed up.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[str, int, Path], Servable],
        report: Callable[[str], None],
        *,
        warmed_up: bool = True,
    ) -> None:
        self._name = name
        self._load_servable = load
        self._report = report
        self._warmed_up = warmed_up
        self._loaded: dict[int, Servable] = {}
        self._states: dict[int, VersionState] = {}
        # The files of versions that were refused.
        self._refused: dict[int, object] = {}
        self._lock = threading.Lock()

    @property
    def latest(self) -> Servable | None:
        """The highest version that is loaded."""
        with self._lock:
            return self._loaded[max(self._loaded)] if self._loaded else None

    def states(self) -> dict[int, VersionState]:
        """Returns the state of each version."""
        with self._lock:
            return dict(self._states)

    def acquire(self, version: int | None) -> Servable | None:
        """Begins a call on a version, or on the latest; returns None if there is none."""
        with self._lock:
            if version is None:
                version = max(self._loaded, default=None)
            servable = self._loaded.get(version) if version is not None else None
            # Acquired under the lock: a version is taken out of `_loaded` under it before it is retired.
            return servable if servable is not None and servable.acquire() else None

    def follow(self, config: ModelConfig) -> None:
        """Looks at the folder once, and loads and drops what has changed."""
        versions = ready_versions(config.base_path)
        self._refused = {version: files for version, files in self._refused.items() if version in versions}
        wanted = self._load_wanted(config, versions)
        if wanted:
            self._retire(set(self._loaded) - wanted)

    def retire_all(self) -> None:
        """Drops every version, since the model is not configured any more."""
        self._retire(set(self._loaded))

    def stop(self) -> None:
        """Drops every version at the end of the server, which needs no line in the log."""
        self._report = lambda _: None
        self.retire_all()

    def _load_wanted(self, config: ModelConfig, versions: Mapping[int, Path]) -> set[int]:
        """Loads what the policy chooses, the highest version first, and returns what is loaded of it."""
        candidates = set(versions)
        while True:
            wanted = config.policy.choose(candidates)
            missing = sorted(wanted - set(self._loaded), reverse=True)
            refused = {version for version in missing if not self._load(version, versions[version], config.base_path)}
            if not refused:
                return wanted
            candidates -= refused

    def _load(self, version: int, folder: Path, base_path: Path) -> bool:
        files = fingerprint(folder)
        if self._refused.get(version) == files:
            return False
        self._set_state(version, VersionState(State.LOADING))
        try:
            check_links(folder, base_path)
            servable = self._load_servable(self._name, version, folder)
            try:
                if self._warmed_up:
                    warm_up(servable)
            except Exception:
                servable.retire(lambda: None)
                raise
        except Exception as error:
            # Whatever is wrong with a new version, the server goes on with what it has.
            refusal = error if isinstance(error, StatusError) else invalid_argument(f"{type(error).__name__}: {error}")
            if refusal is not error:
                _LOG.exception("Version %d of model %s failed in an unforeseen way.", version, self._name)
            self._refused[version] = files
            self._set_state(version, VersionState(State.END, refusal))
            self._report(f"refused {self._name} version {version}: {refusal.message}")
            return False
        self._refused.pop(version, None)
        with self._lock:
            self._loaded[version] = servable
            self._states[version] = VersionState(State.AVAILABLE)
        self._report(f"loaded {self._name} version {version}")
        return True

    def _retire(self, versions: set[int]) -> None:
        for version in sorted(versions):
            with self._lock:
                servable = self._loaded.pop(version)
                self._states[version] = VersionState(State.UNLOADING)
            self._report(f"unloaded {self._name} version {version}")
            servable.retire(functools.partial(self._set_state, version, VersionState(State.END)))

    def _set_state(self, version: int, state: VersionState) -> None:
        with self._lock:
            self._states[version] = state
            for surplus in sorted(set(self._states) - set(self._loaded))[:-_KEPT_STATES]:
                del self._states[surplus]
