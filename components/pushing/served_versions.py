"""The versions of a served model: folders below the model's own, named by whole numbers."""

import hashlib
import os
import time
import uuid

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from serving.graph.time_units import HOUR_SECONDS

_CHUNK_BYTES = 1 << 20
_PARTIAL_PREFIX = ".pushing-"
# What a killed run left behind is removed by a later one, but not what another run may be writing now.
_STALE_SECONDS = HOUR_SECONDS


def version_numbers(folder: str) -> list[int]:
    """Returns the versions in a model's folder or URI, in no particular order."""
    if not fileio.exists(folder):
        return []
    # Object stores list a folder with a slash at its end.
    names = [name.rstrip("/") for name in fileio.listdir(folder)]
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def latest_version(folder: str) -> str:
    """Returns the path of the newest version in a model's folder or URI, empty where there is none."""
    versions = version_numbers(folder)
    return f"{folder}/{max(versions)}" if versions else ""


def same_files(left: str, right: str) -> bool:
    """Returns whether two folders hold the same files with the same content; reads each once."""
    return _digests(left) == _digests(right)


def push_folder(model: str, base: str) -> str:
    """Pushes a model's folder on a local disk as a new version of `base`, and returns where it stands.

    Nothing is left behind where that fails, and a version appears whole.
    """
    os.makedirs(base, exist_ok=True)
    remove_stale(base)
    partial = partial_version(base)
    try:
        io_utils.copy_dir(model, partial)
        return publish(partial, base)[1]
    finally:
        if fileio.exists(partial):
            fileio.rmtree(partial)


def waiting_root(serving_root: str) -> str:
    """Returns where models wait until a person approves them, beside those that are served."""
    return f"{serving_root.rstrip('/')}_waiting"


def leave_only(version: str) -> None:
    """Removes all other versions beside one."""
    base, _, name = version.rpartition("/")
    for number in version_numbers(base):
        if str(number) != name:
            fileio.rmtree(f"{base}/{number}")


def partial_version(base: str) -> str:
    """Returns a new path in a model's folder to write a version to, which no server looks at."""
    return os.path.join(base, f"{_PARTIAL_PREFIX}{uuid.uuid4().hex}")


def publish(written: str, base: str) -> tuple[int, str]:
    """Renames a whole version into place; returns its number and its path.

    A model holds no user, and the server may run as somebody else: unlike the artifact that it was copied from, it can
    be read by all.
    """
    for parent, _, names in os.walk(written):
        os.chmod(parent, 0o755)
        for name in names:
            os.chmod(os.path.join(parent, name), 0o644)
    version = max([int(time.time()), *(existing + 1 for existing in version_numbers(base))])
    target = os.path.join(base, str(version))
    os.rename(written, target)
    return version, target


def remove_stale(base: str) -> None:
    """Removes what killed processes left in a model's folder."""
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if name.startswith(_PARTIAL_PREFIX) and time.time() - os.path.getmtime(path) > _STALE_SECONDS:
            fileio.rmtree(path)


def _digests(folder: str) -> dict[str, str]:
    digests = {}
    for parent, _, names in fileio.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            digest = hashlib.sha256()
            with fileio.open(path, "rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
            digests[os.path.relpath(path, folder)] = digest.hexdigest()
    return digests
