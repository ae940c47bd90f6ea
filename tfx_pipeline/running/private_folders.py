"""The folders of a run that hold user ids as the tables have them: nobody but their owner reads them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

# What nodes hand to each other, and who is in which segment. Everything else that a run writes has keyed hashes or
# no user at all.
PRIVATE_FOLDERS = ("artifacts", "segments", "users")


@contextlib.contextmanager
def private_folders(root: Path) -> Iterator[None]:
    """Keeps the folders to their owner: what is written while the context lasts, and at its end every file.

    Args:
        root: The run's folder; `artifacts` is made there.
    """
    (root / PRIVATE_FOLDERS[0]).mkdir(parents=True, exist_ok=True)
    folders = [root / name for name in PRIVATE_FOLDERS]
    for folder in folders:
        if folder.exists():
            # Nobody else gets past it, whatever the modes of the files in it are.
            _set_mode(folder, 0o700)
    try:
        yield
    finally:
        # A file keeps its mode where it is copied to.
        for folder in folders:
            _keep_to_owner(folder)


def _keep_to_owner(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        _set_mode(Path(parent), 0o700)
        for name in names:
            _set_mode(Path(parent, name), 0o600)


def _set_mode(path: Path, mode: int) -> None:
    # Whose it is has the say; a link's target may lie anywhere.
    if not path.is_symlink() and path.stat().st_uid == os.getuid():
        path.chmod(mode)
