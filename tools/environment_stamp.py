"""Knows whether `.venv` is complete, up to date, and ours to replace."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.setup_errors import SetupError


class Stamp:
    """The record, inside `.venv`, of what it was made from.

    `.venv/.shelfwise` marks an environment as made here. `.venv/.shelfwise-complete` is written last, and holds a
    digest of all that the environment was made from.

    Args:
        root: the folder of the checkout.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = root / ".venv"
        self._mark = self._environment / ".shelfwise"
        self._complete = self._environment / ".shelfwise-complete"

    def is_current(self) -> bool:
        """True if the environment is complete, was made from the present files, and its Python starts."""
        return self._recorded_digest() == self._digest() and self._starts()

    def is_usable(self) -> bool:
        """True if the environment is complete and its Python starts, if perhaps made from other versions."""
        return self._recorded_digest() != "" and self._starts()

    def remove(self) -> None:
        """Takes the stamp away before a change, so that an interrupted one is seen."""
        self._complete.unlink(missing_ok=True)

    def write(self) -> None:
        """Records that the environment is complete."""
        partial = self._complete.with_suffix(".partial")
        partial.write_text(self._digest() + "\n", "ascii")
        partial.replace(self._complete)

    def claim_empty_environment(self) -> None:
        """Leaves an empty `.venv` that carries the mark, whatever an earlier set-up left there.

        Raises:
            SetupError: there is a `.venv` that was not made here.
        """
        if self._mark.is_file():
            self._mark.write_text(sys.base_prefix + "\n", "utf-8")
            # The mark stays, so that the next call knows the folder as ours even if this is interrupted.
            for child in self._environment.iterdir():
                if child.is_dir() and not child.is_symlink():
                    shutil.rmtree(child)
                elif child != self._mark:
                    child.unlink()
            return
        if self._environment.is_symlink() or self._environment.exists():
            raise SetupError(
                f"{self._environment} was not made by this set-up; move it away or remove it, and call make again."
            )
        fresh = self._root / "build" / f"venv-{os.getpid()}"
        fresh.mkdir(parents=True)
        (fresh / self._mark.name).write_text(sys.base_prefix + "\n", "utf-8")
        fresh.rename(self._environment)

    def note_on_other_python(self) -> str:
        """Returns a line if the environment was made with another Python than the running one, else nothing."""
        made_with = self._mark.read_text("utf-8").strip()
        if made_with == sys.base_prefix:
            return ""
        return f"set-up: .venv was made with the Python of {made_with} and is kept; `make clean` first to change that"

    def _recorded_digest(self) -> str:
        try:
            return self._complete.read_text("ascii").strip() if self._mark.is_file() else ""
        except OSError:
            return ""

    def _digest(self) -> str:
        digest = hashlib.sha256(str(self._environment).encode())
        tools, client = self._root / "tools", self._root / "serving" / "client"
        projects = (self._root / "setup.py", client / "pyproject.toml", *sorted((client / "backend").glob("*.py")))
        for path in (
            self._root / "requirements.lock",
            *projects,
            *sorted(tools.glob("*.py")),
            *sorted(tools.glob("*.lock")),
        ):
            content = path.read_bytes()
            digest.update(f"\n{path.name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    def _starts(self) -> bool:
        """Whether the interpreter runs: it does not once the checkout was moved or the base Python removed."""
        command: list[str | Path] = [self._environment / "bin" / "python", "-I", "-S", "-c", "import zlib"]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False
