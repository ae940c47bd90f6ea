"""The list of users who asked to be forgotten, below a run's root; loads no TFX."""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from components.tables.user_ids import forgotten_mark

_FOLDER, _FILE = "forgotten", "users.txt"


class ForgottenList:
    """Marks of users, one a line behind the salt that they are made with; nobody's id stands in it.

    Only its owner may read it: who knows the salt can try ids.

    Args:
        file: The list; it is made when the first user is added.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @classmethod
    def under(cls, root: Path) -> "ForgottenList":
        """Returns the list of a run's root folder."""
        return cls(root.resolve() / _FOLDER / _FILE)

    def add(self, user_ids: Iterable[str]) -> int:
        """Adds users, and what else stands for them; returns how many were not there before."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.read().split()
            if not lines:
                lines = [secrets.token_hex(32)]
                file.write(lines[0] + "\n")
            known = frozenset(lines[1:])
            new = {forgotten_mark(lines[0], user_id) for user_id in user_ids} - known
            file.writelines(f"{mark}\n" for mark in sorted(new))
        return len(new)

    def uri(self) -> str:
        """Returns where the list is; empty where nobody was forgotten."""
        return str(self.file) if self.file.exists() and self.file.stat().st_size else ""

    def reference(self) -> str:
        """Returns what a run is told of the list: where it is, and a digest of it; empty where nobody was forgotten."""
        return list_reference(self.uri(), self.file.read_bytes()) if self.uri() else ""


def list_reference(uri: str, content: bytes) -> str:
    """Returns what a run is told of a list of some content, wherever it lies."""
    return json.dumps({"uri": uri, "digest": hashlib.sha256(content).hexdigest()})
