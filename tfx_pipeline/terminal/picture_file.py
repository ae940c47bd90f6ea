"""The picture that a command is given."""

from pathlib import Path

from components.errors import InputError


def picture_file(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"--image {path} should be a JPEG or PNG file, but it cannot be read: {error}") from error
