"""The model that was blessed last: whether it can still be asked, and what an evaluation says of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.gate.judgement import LAST_BLESSED, Judgement


@dataclass(frozen=True)
class LastBlessed:
    """The served model that a new one must not be worse than.

    Attributes:
        path: Its folder; empty where there is none.
        error: Why it cannot be asked; None where it can, or there is none.
    """

    path: str
    error: str | None = None

    @classmethod
    def tried(cls, path: str, ask: Callable[[str], object]) -> "LastBlessed":
        """Finds out whether the model can be asked, and logs why not.

        Args:
            path: Its folder, or empty.
            ask: Loads the model in a folder and asks it something.
        """
        if not path:
            return cls("")
        try:
            ask(path)
        except Exception as error:  # A model of another version may fail in any way, and must not stop this one.
            message = f"{type(error).__name__}: {error}"
            logging.warning("The last blessed model in %s is left out: %s", path, message)
            return cls(path, message)
        return cls(path)

    @property
    def judged(self) -> bool:
        """Whether there is one, and it can be asked."""
        return bool(self.path) and self.error is None

    @property
    def models(self) -> dict[str, str]:
        """Its folder by the name of its system; empty where it is not judged."""
        return {LAST_BLESSED: self.path} if self.judged else {}

    def describe(self, judgement: Judgement) -> dict[str, Any]:
        """Returns where it lies and what it reached, or why it could not be judged."""
        if not self.judged:
            return {"path": self.path, "error": self.error}
        return {
            "path": self.path,
            "metrics": judgement.last_blessed,
            "differences": judgement.last_blessed_differences,
        }
