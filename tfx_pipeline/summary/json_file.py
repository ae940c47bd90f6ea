"""Files of one JSON document under a run's root, whole or not there; loads no TFX."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from components.errors import InputError

Document = TypeVar("Document", bound=BaseModel)


def write_document(file: Path, text: str) -> None:
    """Writes a file, whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.rename(file)


def read_document(file: Path, kind: type[Document], expected: str, remedy: str) -> Document | None:
    """Returns what a file holds; None where it is not there.

    Args:
        file: The file.
        kind: What it holds.
        expected: The same in words.
        remedy: What to do where it holds something else.

    Raises:
        InputError: It holds something else.
    """
    if not file.exists():
        return None
    try:
        return kind.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{file}: expected {expected}, but {place}: {first['msg']}; {remedy}") from error
