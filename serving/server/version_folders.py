"""Which models and versions lie in a folder."""

from pathlib import Path

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
    still being written and left out.
    """
    try:
        children = sorted(model_folder.iterdir())
    except OSError:
        return {}
    versions = {}
    for child in children:
        name = child.name
        if name.isascii() and name.isdigit() and int(name) <= _LARGEST_VERSION and (child / "saved_model.pb").is_file():
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
