"""Follows a file of models while the server runs."""

import threading
from collections.abc import Callable

from serving.server.errors import StatusError
from serving.server.models.model_config import ModelConfigError, read_model_config_file
from serving.server.models.model_store import ModelStore
from serving.server.settings import ModelConfigFile


class ConfigFileWatcher:
    """Reads the file again whenever it has changed; what cannot be used is reported, and what is served goes on.

    A file that could not be followed is tried again at every look: a label may name a version that is still loading.

    Args:
        file: The file, which the store has been started with.
        store: The models.
        report: Is told in a line what was wrong.
    """

    def __init__(self, file: ModelConfigFile, store: ModelStore, report: Callable[[str], None]) -> None:
        self._file = file
        self._store = store
        self._report = report
        self._seen = self._content()
        self._refused: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="model-config-file", daemon=True)

    def start(self) -> None:
        """Begins to look, unless it is to be read only once."""
        if self._file.poll_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._stopping.set()
        if self._thread.ident is not None:  # It was started.
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._file.poll_seconds):
            content = self._content()
            if content == self._seen:
                continue
            refused = self._reload()
            if refused is None:
                self._seen = content
                self._report(f"read {self._file.path} again")
            elif refused != self._refused:
                self._report(refused)
            self._refused = refused

    def _reload(self) -> str | None:
        """Returns why the file was not followed, None where it was."""
        try:
            self._store.reload(read_model_config_file(self._file.path), asked_by=str(self._file.path))
        except ModelConfigError as error:
            return f"not followed: {error}"
        except StatusError as error:
            return f"{self._file.path}: {error.message}"
        return None

    def _content(self) -> bytes:
        try:
            return self._file.path.read_bytes()
        except OSError:
            return b""
