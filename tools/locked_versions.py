"""Reads pinned requirements with their hashes out of requirements.lock."""

import re
from pathlib import Path

from tools.setup_errors import SetupError

# How pip installs what the whole environment is made with.
PIP_OPTIONS = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--retries", "2", "--timeout", "30")


def locked_requirement(lock: Path, name: str) -> str:
    """Returns the lines of `name` in the lock file, `name==version` with its hashes, as pip reads them.

    Args:
        lock: a requirements file made with `--generate-hashes`.
        name: the distribution's normalised name.

    Raises:
        SetupError: the lock has no such entry or the entry has no hashes.
    """
    entry = re.search(rf"^{re.escape(name)}==\S+(?:[ \t]*\\\n[ \t]+--hash=\S+)+", lock.read_text("utf-8"), re.MULTILINE)
    if entry is None:
        raise SetupError(f"{lock.name} holds no pinned `{name}` with hashes; renew it with `make lock`.")
    return entry.group() + "\n"


def locked_count(lock: Path) -> int:
    """Returns how many distributions the lock file pins."""
    return len(re.findall(r"^[A-Za-z0-9][\w.-]*==", lock.read_text("utf-8"), re.MULTILINE))
