"""What may be wrong with a picture, as the quarantine says it."""

from typing import NamedTuple

MISSING_FILE = "missing_file"
UNREADABLE_FILE = "unreadable_file"
TOO_MANY_BYTES = "too_many_bytes"
NOT_BASE64 = "not_base64"
NOT_JPEG_OR_PNG = "not_jpeg_or_png"
TOO_MANY_PIXELS = "too_many_pixels"
BROKEN = "broken"


class Problem(NamedTuple):
    """A reason, and what is wrong in words."""

    reason: str
    detail: str


class PictureError(Exception):
    """A picture cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(reason, detail)
