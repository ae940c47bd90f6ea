"""The versions of a served model: folders below the model's own, named by whole numbers."""

import hashlib
import os

from tfx.dsl.io import fileio

_CHUNK_BYTES = 1 << 20


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
