"""What the configuration means by the name of a backbone; loads no TensorFlow."""

import importlib.resources
import os
from pathlib import Path

from trainer.text.hugging_face_config import check_hugging_face_config

PACKAGE_PREFIX = "package:"


def named_folder(source: str) -> Path | None:
    """Returns the local folder that `source` names, or None where it can only be a preset's name or a URL.

    Raises:
        ValueError: `source` is meant as a folder, as it begins with `package:` or is a path, and there is none; or it
            holds a BERT of Hugging Face's that KerasNLP computes otherwise.
    """
    folder = _folder(source)
    if folder is not None:
        check_hugging_face_config(source, folder)
    return folder


def _folder(source: str) -> Path | None:
    if source.startswith(PACKAGE_PREFIX):
        return _folder_of_package(source)
    if os.path.isdir(source):
        return Path(source)
    if "://" not in source and (os.sep in source or source.startswith((".", "~"))):
        raise ValueError(
            f"Backbone `{source}` should be an existing folder with a BERT. There is none; "
            f"`{PACKAGE_PREFIX}NAME/FOLDER` and the names of KerasNLP's BERT presets are the other ways to name one."
        )
    return None


def _folder_of_package(source: str) -> Path:
    package, _, inner = source.removeprefix(PACKAGE_PREFIX).partition("/")
    try:
        root = importlib.resources.files(package)
    except (ModuleNotFoundError, ValueError, TypeError) as error:
        raise ValueError(
            f"Backbone `{source}` should name an installed Python package after `{PACKAGE_PREFIX}`. "
            f"`{package}` is not installed; install it, or name a folder or a KerasNLP preset."
        ) from error
    folder = Path(str(root)) / inner
    if not folder.is_dir():
        raise ValueError(f"Backbone `{source}` should name a folder in package `{package}`. There is no {inner}/.")
    return folder
