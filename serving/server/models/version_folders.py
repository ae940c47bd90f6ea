"""Which models and versions lie in a folder."""

import os
from pathlib import Path

from serving.server.errors import invalid_argument

_LARGEST_VERSION = 2**63 - 1


def model_folders(models: Path) -> dict[str, Path]:
    """Returns the folder of each model under `models`, by the model's name."""
    try:
        children = sorted(models.iterdir())
    except OSError:
        return {}
    return {child.name: child for child in children if not child.name.startswith(".") and child.is_dir()}


def ready_versions(model_folder: Path) -> dict[int, Path]:
    """Returns the version folders of a model, by their version.

    A version is a folder whose name is an int64. A folder without `saved_model.pb`, the file that is written last, is
    still being written and left out. One that may not be looked into is returned: loading it tells why it fails.
    """
    try:
        children = sorted(model_folder.iterdir())
    except OSError:
        return {}
    versions = {}
    for child in children:
        name = child.name
        if name.isascii() and name.isdigit() and int(name) <= _LARGEST_VERSION and _is_written(child):
            versions[int(name)] = child
    return versions


def fingerprint(version_folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Returns the names, sizes and times of a version's files: a refused version is tried again when they change."""
    try:
        paths = sorted(path for path in version_folder.rglob("*") if path.is_file())
        stats = [(path, path.stat()) for path in paths]
    except OSError:
        return ()
    return tuple((str(path.relative_to(version_folder)), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def check_links(version_folder: Path, base_path: Path) -> None:
    """Checks that a version, and every file in it, lies in the model's own folder once links are followed.

    Whoever may write one model's folder could otherwise have the server read another's files, and anybody's.

    Raises:
        StatusError: INVALID_ARGUMENT for a link that leads out.
    """
    base = base_path.resolve()
    paths = [version_folder]
    for folder, folders, files in os.walk(version_folder):
        paths += [Path(folder, name) for name in (*folders, *files)]
    for path in paths:
        if not path.resolve().is_relative_to(base):
            raise invalid_argument(
                f"{path} is a link out of the model's folder {base_path}: put the file itself into the version."
            )


def _is_written(version_folder: Path) -> bool:
    try:
        return (version_folder / "saved_model.pb").is_file()
    except OSError:
        return version_folder.is_dir()
