"""What a method of the client asks a server for, and what it makes of the answer; nothing here talks to a server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.signatures import MOST_VALUES, Signature
from shelfwise_client.protocol.tensors import BOOL, FLOAT, INT, TEXT, DataType

Result = TypeVar("Result")

Outputs: TypeAlias = Mapping[str, np.ndarray]
Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_MOST_WANTED = 2**31 - 1


@dataclass(frozen=True)
class Output:
    """An output that the reading of an answer needs.

    Attributes:
        kind: Of its values.
        sizes: How many it has, the rows included.
        required: Whether a signature without it is none that can be asked; models of earlier versions lack the others.
    """

    kind: DataType
    sizes: int
    required: bool = True


TEXT_ROWS, FLOAT_ROWS, INT_ROWS = Output(TEXT, 2), Output(FLOAT, 2), Output(INT, 2)
FLAG_ROWS = Output(BOOL, 2)
ROW_TEXT, ROW_FLOAT, ROW_FLAG = Output(TEXT, 1), Output(FLOAT, 1), Output(BOOL, 1)


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
            MalformedAnswer: The server says that it takes a length that no model takes.
        """
        if not 0 <= width <= MOST_VALUES:
            raise MalformedAnswer(f"input `{name}` has {width} columns in its signature")
        values = self.values[max(len(self.values) - width, 0) :] if self.keep_last else self.values
        if len(values) > width:
            raise ValueError(f"`{name}` takes at most {width} values, got {len(values)}.")
        row = np.full((1, width), self.padding, dtype=values.dtype)
        row[0, : len(values)] = values
        return row


@dataclass(frozen=True)
class Weeks:
    """Values week by week for an input of a fixed length, which only the server knows.

    Attributes:
        values: float32 `(weeks,)` or `(weeks, columns)`; none at all leaves every week at `padding`.
        padding: What fills it up.
        past: Whether the newest week is the last one: of more weeks the latest are sent, and of fewer the earlier ones
            are filled up. Otherwise the first week is the next one, and more weeks than the input takes are refused.
    """

    values: np.ndarray
    padding: float
    past: bool

    def padded(self, shape: tuple[int, ...], name: str) -> np.ndarray:
        """Returns the values in the shape of the input.

        Raises:
            ValueError: There are more weeks than the input takes, or other columns.
            MalformedAnswer: The server says that it takes a length that no model takes.
        """
        sizes = shape[1:]
        if not sizes or min(sizes) < 0 or int(np.prod(sizes)) > MOST_VALUES:
            raise MalformedAnswer(f"input `{name}` has the shape {list(shape)} in its signature")
        table = np.full((1, *sizes), self.padding, dtype=np.float32)
        if not self.values.size:
            return table
        if self.values.ndim != len(sizes) or self.values.shape[1:] != sizes[1:]:
            raise ValueError(
                f"`{name}` takes {' x '.join(map(str, sizes))} values, the weeks first, got "
                f"{' x '.join(map(str, self.values.shape))}."
            )
        values = self.values[-sizes[0] :] if self.past else self.values
        if len(values) > sizes[0]:
            raise ValueError(f"`{name}` takes at most {sizes[0]} weeks, got {len(values)}.")
        if self.past:
            table[0, sizes[0] - len(values) :] = values
        else:
            table[0, : len(values)] = values
        return table


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One request for one row, and how its answer is read.

    Attributes:
        model: Name of the model.
        signature: Name of the signature.
        inputs: Value of each input.
        read: Makes the result of the outputs.
        outputs: What it needs of them; the model's signature has to have that before anything is sent.
    """

    model: str
    signature: str
    inputs: Mapping[str, np.ndarray | Row | Weeks]
    read: Callable[[Outputs], Result]
    outputs: Mapping[str, Output] = field(default_factory=dict)

    def padded_inputs(self, shapes: Shapes) -> dict[str, np.ndarray]:
        """Returns the inputs as they are sent.

        Args:
            shapes: Of each input of the signature.

        Raises:
            ValueError: A row has more values than its input takes.
            MalformedAnswer: The signature has no such list, or one that no model takes.
        """
        padded = {}
        for name, value in self.inputs.items():
            if isinstance(value, Row):
                padded[name] = value.padded(_width(shapes, name), name)
            elif not isinstance(value, Weeks):
                padded[name] = value
            elif name in shapes:
                padded[name] = value.padded(shapes[name], name)
            elif value.values.size:
                raise ValueError(f"This model has no input `{name}`; leave it out.")
        return padded


def _width(shapes: Shapes, name: str) -> int:
    shape = shapes.get(name, ())
    if len(shape) != 2:
        raise MalformedAnswer(f"input `{name}` is no list in its signature")
    return shape[1]


def check_outputs(outputs: Mapping[str, Output], signature: Signature) -> None:
    """Checks that a signature has the outputs that the reading of an answer needs.

    Raises:
        MalformedAnswer: One is missing, or is something else.
    """
    for name, output in outputs.items():
        spec = signature.outputs.get(name)
        if spec is None and not output.required:
            continue
        if spec is None:
            raise MalformedAnswer(f"output `{name}` is missing in its signature")
        if spec.data_type != output.kind.number or spec.shape is None or len(spec.shape) != output.sizes:
            raise MalformedAnswer(f"output `{name}` is no {output.kind.name} of {output.sizes} dimensions there")


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


def side_by_side(outputs: Outputs, *names: str) -> list[Any]:
    """Returns what the first row holds of some outputs, as one tuple a column.

    Raises:
        MalformedAnswer: They differ in width.
    """
    if len({outputs[name].shape[1] for name in names}) > 1:
        raise MalformedAnswer(f"outputs {', '.join(names)} differ in width")
    return list(zip(*(outputs[name][0] for name in names), strict=True))


def without_padding(outputs: Outputs, *names: str) -> list[Any]:
    """Returns what `side_by_side` does, without the columns that fill an answer up: the first output is empty there."""
    return [values for values in side_by_side(outputs, *names) if values[0]]
