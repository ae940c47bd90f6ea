"""What a method of the client asks a server for, and what it makes of the answer; nothing here talks to a server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

Result = TypeVar("Result")

Outputs: TypeAlias = Mapping[str, np.ndarray]
Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_MOST_WANTED = 2**31 - 1


@dataclass(frozen=True)
class Row:
    """A list of values for an input of a fixed width, which only the server knows.

    Attributes:
        values: `(n,)`; strings as an object array of bytes.
        padding: What fills the row up.
        keep_last: Of more values than the input takes, whether the last ones are sent; they are refused otherwise.
    """

    values: np.ndarray
    padding: bytes | float = b""
    keep_last: bool = False

    def padded(self, width: int, name: str) -> np.ndarray:
        """Returns the values as one row `(1, width)`.

        Raises:
            ValueError: There are more values than the input takes.
        """
        values = self.values[max(len(self.values) - width, 0) :] if self.keep_last else self.values
        if len(values) > width:
            raise ValueError(f"`{name}` takes at most {width} values, got {len(values)}.")
        row = np.full((1, width), self.padding, dtype=values.dtype)
        row[0, : len(values)] = values
        return row


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One request for one row, and how its answer is read.

    Attributes:
        model: Name of the model.
        signature: Name of the signature.
        inputs: Value of each input.
        read: Makes the result of the outputs.
    """

    model: str
    signature: str
    inputs: Mapping[str, np.ndarray | Row]
    read: Callable[[Outputs], Result]

    @property
    def needs_shapes(self) -> bool:
        """Whether the shapes of the inputs are needed to send it."""
        return any(isinstance(value, Row) for value in self.inputs.values())

    def padded_inputs(self, shapes: Shapes) -> dict[str, np.ndarray]:
        """Returns the inputs as they are sent.

        Args:
            shapes: Of each input of the signature; may be empty where `needs_shapes` is false.

        Raises:
            ValueError: A row has more values than its input takes.
        """
        return {
            name: value.padded(shapes[name][1], name) if isinstance(value, Row) else value
            for name, value in self.inputs.items()
        }


def texts(values: Sequence[str]) -> np.ndarray:
    """Returns texts as the object array of bytes that a string input wants.

    Raises:
        ValueError: They are one text and no list, one of them is no text, or UTF-8 cannot hold it.
    """
    if isinstance(values, str | bytes):
        raise ValueError(f"A list of texts or ids was expected, but {values!r:.80} is a single one; put it in a list.")
    array = np.empty(len(values), dtype=object)
    for value in values:
        if not isinstance(value, str):
            raise ValueError(
                f"Texts and ids should be of type str, but {value!r:.80} is of type {type(value).__name__}; send it as "
                "the text that the tables have."
            )
    try:
        array[:] = [value.encode("utf-8", "surrogateescape") for value in values]
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Texts should be what UTF-8 can hold, but character {error.start} of {error.object!r:.80} is half of a "
            "surrogate pair; decode the text again, or drop that character."
        ) from None
    return array


def number_wanted(k: int) -> np.ndarray:
    """Returns how many products are wanted as the input `k`, int32 `(1,)`.

    Raises:
        ValueError: It is no whole number, or too large for any catalogue.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or abs(k) > _MOST_WANTED:
        raise ValueError(f"`k` should be a whole number up to {_MOST_WANTED}, got {k!r:.80}.")
    return np.array([k], np.int32)


def id_of(value: bytes) -> str:
    """Returns an id as text that can be sent again: bytes that are not UTF-8 become surrogate escapes."""
    return value.decode("utf-8", "surrogateescape")


def text_of(value: bytes) -> str:
    """Returns a text to be read by people."""
    return value.decode("utf-8", "replace")


def first_rows(outputs: Outputs, *names: str) -> Any:
    """Yields what the first row holds of some outputs side by side, up to the padding of the first of them."""
    for values in zip(*(outputs[name][0] for name in names), strict=True):
        if values[0]:
            yield values
