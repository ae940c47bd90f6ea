"""Where the server learns which models there are."""

from collections.abc import Mapping
from pathlib import Path

from serving.server.models.model_config import ModelConfig
from serving.server.models.version_folders import model_folders


class ModelsFolder:
    """Every folder below one is a model, also one that comes later; its latest version is served.

    A model whose folder vanishes stays configured, so that what is loaded of it goes on.

    Args:
        folder: Folder of the models' folders.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._configs: dict[str, ModelConfig] = {}

    def __call__(self) -> Mapping[str, ModelConfig]:
        """Looks again, and returns the models by name."""
        found = {name: ModelConfig(base_path=path) for name, path in model_folders(self._folder).items()}
        self._configs = {**self._configs, **found}
        return self._configs


class FixedModels:
    """The models of a configuration.

    Args:
        configs: Their configurations by name.
    """

    def __init__(self, configs: Mapping[str, ModelConfig]) -> None:
        self._configs = dict(configs)

    def __call__(self) -> Mapping[str, ModelConfig]:
        """Returns the models by name."""
        return self._configs
