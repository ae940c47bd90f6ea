"""JSON as TF Serving reads and quotes it."""

import base64
import binascii
import json
from typing import Any

from serving.server.errors import StatusError, invalid_argument

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_QUOTED_CHARACTERS = 256
_TYPE_NAMES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number", type(None): "Null"}

# Bytes that are not UTF-8 pass through as they came.
BYTES_IN_TEXT = "surrogateescape"


def parse_object(body: bytes) -> dict[str, Any]:
    """Reads the JSON object that a body begins with; NaN and Infinity are numbers, and what follows it is ignored.

    Raises:
        StatusError: INVALID_ARGUMENT if there is none.
    """
    text = body.decode("utf-8", BYTES_IN_TEXT).removeprefix("\ufeff").lstrip(_SPACE)
    if not text:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise invalid_argument(f"JSON Parse error: Invalid value. at offset: {error.pos}") from error
    except RecursionError as error:
        raise invalid_argument("JSON Parse error: the document is nested too deeply") from error
    except ValueError as error:
        raise invalid_argument("JSON Parse error: Number too big to be stored") from error
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {quoted(document)} Is not object")
    return document


def double_of(number: int) -> float:
    """Returns an integer as a double.

    Raises:
        StatusError: INVALID_ARGUMENT for more digits than a double has room for.
    """
    try:
        return float(number)
    except OverflowError as error:
        raise invalid_argument("JSON Parse error: Number too big to be stored in double.") from error


def signature_name(document: dict[str, Any]) -> str:
    """Returns the signature that a request names; "" if it names none.

    Raises:
        StatusError: INVALID_ARGUMENT if it is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {quoted(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def quoted(value: object) -> str:
    """Returns the beginning of a value as JSON, for an error's message."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = "…"
    return text[:_QUOTED_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def type_name(value: object) -> str:
    """Returns the JSON type of a value, as TF Serving calls it."""
    return str(value) if isinstance(value, bool) else _TYPE_NAMES[type(value)]


def is_base64(value: object) -> bool:
    """Returns whether a value is an object such as `{"b64": "aGVsbG8="}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def bytes_of(value: str | dict[str, str]) -> bytes:
    """Returns the bytes that a string or a base64 object stands for.

    Raises:
        StatusError: INVALID_ARGUMENT if it is neither, or damaged.
    """
    if isinstance(value, str):
        return _encoded(value)
    if not is_base64(value):
        raise invalid_argument(f"JSON Value: {quoted(value)} not formatted correctly for base64 data")
    try:
        text = _encoded(value["b64"])
        # Padding is optional.
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise invalid_argument("Unable to base64 decode") from error


def error_body(error: StatusError) -> bytes:
    """Returns the body of an answer that refuses."""
    return json.dumps({"error": error.message}, ensure_ascii=False).encode("utf-8", "replace")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", BYTES_IN_TEXT)
    except UnicodeEncodeError as error:
        raise invalid_argument("JSON Parse error: The surrogate pair in string is invalid.") from error
