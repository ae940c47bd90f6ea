"""What a server says of a model's signatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError

from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.classes import SignatureDefMap
from shelfwise_client.protocol.tensors import checked_shape, data_type_name
from shelfwise_client.signature_names import SIGNATURE_DEF_FIELD

Shape: TypeAlias = tuple[int, ...]

# No row of an input holds more; a server that says so would have the client make it.
MOST_VALUES = 2**20


@dataclass(frozen=True)
class TensorSpec:
    """An input or an output of a signature.

    Attributes:
        data_type: Number of the kind of its values.
        shape: Its sizes, -1 for any; None where even their number is open.
    """

    data_type: int
    shape: Shape | None

    def checked_shape(self, tensor: Any, name: str, rows: int | None) -> Shape:
        """Returns the shape of a tensor message that is what the signature says, without looking at any value.

        Args:
            tensor: The message.
            name: Of the output, for messages.
            rows: What its first size should be; None for any.

        Raises:
            MalformedAnswer: It is not.
        """
        shape = checked_shape(tensor, name)
        if tensor.dtype != self.data_type:
            raise MalformedAnswer(
                f"output `{name}` holds {data_type_name(tensor.dtype)}, but its signature says "
                f"{data_type_name(self.data_type)}"
            )
        if self.shape is not None and not _fits(shape, self.shape):
            raise MalformedAnswer(
                f"output `{name}` has the shape {list(shape)}, but its signature says {list(self.shape)}"
            )
        if rows is not None and shape[:1] != (rows,):
            raise MalformedAnswer(f"output `{name}` has the shape {list(shape)}, but should have {rows} rows")
        return shape


def _fits(shape: Shape, said: Shape) -> bool:
    return len(shape) == len(said) and all(each in (size, -1) for size, each in zip(shape, said, strict=True))


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a signature by name."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


def read_signatures(metadata: Any) -> dict[str, Signature]:
    """Returns the signatures of a model by name.

    Args:
        metadata: The GetModelMetadataResponse.

    Raises:
        MalformedAnswer: It holds no signatures.
    """
    definitions = SignatureDefMap()
    try:
        found = SIGNATURE_DEF_FIELD in metadata.metadata and metadata.metadata[SIGNATURE_DEF_FIELD].Unpack(definitions)
    except DecodeError:
        found = False
    if not found:
        raise MalformedAnswer("its metadata holds no signatures")
    return {
        name: Signature(_specs(definition.inputs), _specs(definition.outputs))
        for name, definition in definitions.signature_def.items()
    }


def _specs(tensors: Mapping[str, Any]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(
            info.dtype,
            None if info.tensor_shape.unknown_rank else tuple(each.size for each in info.tensor_shape.dim),
        )
        for name, info in tensors.items()
    }
