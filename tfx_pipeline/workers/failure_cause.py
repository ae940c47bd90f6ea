"""Finds in a chain of wrapped errors what went wrong, in words for the person who started the run."""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from components.errors import InputError

_DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_DISK_FULL_TEXT = re.compile(
    r"no space left on device|\[errno (28|122)\]|disk quota exceeded|database or disk is full", re.IGNORECASE
)
# Beam carries an error from its worker as the text of a traceback, and adds the step to the last line.
_INPUT_ERROR_TEXT = re.compile(
    r"^(?:[\w.]+\.)?InputError: (.*?)(?: \[while running '|\n\n|\nTraceback |\Z)", re.M | re.S
)
_LAST_ERROR_TEXT = re.compile(
    r"^(?:[\w.]+\.)?(\w+(?:Error|Exception|Interrupt)): (.*?)(?: \[while running '.*)?$", re.M
)
_WHILE_RUNNING = re.compile(r"( \[while running '[^\]]*\])+\s*$")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What made a run fail.

    Attributes:
        kind: `input` if the user's data or configuration has to change, `disk_full`, or `other`.
        message: One message for the user.
    """

    kind: Literal["input", "disk_full", "other"]
    message: str


def find_cause(error: BaseException) -> Cause:
    """Digs the user-facing cause out of an error that TFX or Beam raised.

    A full disk is looked for first, as other errors follow from it; then an `InputError`, as such or as text
    in a traceback that a Beam worker sent; then the innermost error of the chain.

    Args:
        error: What the run raised.

    Returns:
        The cause.
    """
    chain = list(_chain(error))
    if any(_is_disk_full(link) for link in chain):
        return Cause(
            kind="disk_full",
            message="The disk filled up while the run was writing. Free some space (or choose another `--root`) and "
            f"run again: finished steps are kept. ({_first_line(_root_text(chain))})",
        )
    for link in chain:
        if isinstance(link, InputError):
            return Cause(kind="input", message=_WHILE_RUNNING.sub("", str(link)).strip())
    for link in chain:
        found = _INPUT_ERROR_TEXT.search(str(link))
        if found:
            return Cause(kind="input", message=found.group(1).strip())
    return Cause(kind="other", message=_root_text(chain))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and what it was raised from or during, outermost first."""
    seen: set[int] = set()
    pending: list[BaseException] = [error]
    while pending:
        link = pending.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            pending.extend(link.exceptions)
        if link.__cause__ is not None:
            pending.append(link.__cause__)
        if link.__context__ is not None and not link.__suppress_context__:
            pending.append(link.__context__)


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, InputError) or _INPUT_ERROR_TEXT.search(str(error)):
        return False  # Its text may quote the user's data, whatever that says.
    if isinstance(error, OSError) and error.errno in _DISK_FULL_ERRNOS:
        return True
    return _DISK_FULL_TEXT.search(str(error)) is not None


def _root_text(chain: list[BaseException]) -> str:
    """Gives type and message of the innermost error; of a traceback in text, those on its last line."""
    innermost = chain[-1]
    lines = _LAST_ERROR_TEXT.findall(str(innermost))
    if lines:
        name, message = lines[-1]
        return f"{name}: {message.strip()}" if message.strip() else name
    message = _WHILE_RUNNING.sub("", str(innermost)).strip()
    return f"{type(innermost).__name__}: {message}" if message else type(innermost).__name__


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""
