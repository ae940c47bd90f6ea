"""What a request may cost: every bound of it stands here, and is checked before the cost is paid."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tensorflow.core.framework import tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import invalid_argument

# A string takes this much in TensorFlow and in Python beside its bytes.
TEXT_OVERHEAD_BYTES = 32
# NumPy's own limit.
MOST_DIMENSIONS = 64
# Where a signature leaves a dimension open.
_OPEN_DIMENSION = 1024
# More than 1,024 rows of the longest histories take; each value is an object of Python, and a list or an object of
# JSON is a larger one.
_MOST_JSON_VALUES, _MOST_JSON_CONTAINERS = 2_000_000, 200_000
_JSON_VALUE_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Largest requests; what is larger is refused before a model sees it.

    Args:
        message_bytes: A whole request, as it comes over the network, and uncompressed.
        rows: First dimension of an input: what is computed for a row may take more memory than the message by far.
        text_bytes: One string of an input.
        input_bytes: All inputs of a request together once they are read: a message can state a tensor of any size by
            one value.
        answer_bytes: All outputs together.
        inflight_bytes: Memory of all requests that are computed at once, as estimated.
    """

    message_bytes: int = 16 * 1024 * 1024
    rows: int = 1024
    text_bytes: int = 1024 * 1024
    input_bytes: int = 64 * 1024 * 1024
    answer_bytes: int = 32 * 1024 * 1024
    inflight_bytes: int = 2 * 1024 * 1024 * 1024

    def check_document(self, body: bytes) -> int:
        """Checks JSON before it is read: each of its values takes more memory than its bytes.

        Returns:
            Bytes that it may take once it is read.

        Raises:
            StatusError: INVALID_ARGUMENT for more values than any signature needs. Commas and brackets in strings
                count too.
        """
        values = body.count(b",") + 1
        if values > _MOST_JSON_VALUES:
            raise invalid_argument(f"The document has {values} values; this server takes up to {_MOST_JSON_VALUES}.")
        containers = body.count(b"[") + body.count(b"{")
        if containers > _MOST_JSON_CONTAINERS:
            raise invalid_argument(
                f"The document has {containers} lists and objects; this server takes up to {_MOST_JSON_CONTAINERS}."
            )
        return 2 * len(body) + _JSON_VALUE_BYTES * (values + containers)

    def check_rows(self, name: str, rows: int) -> None:
        """Checks the first dimension of an input.

        Raises:
            StatusError: INVALID_ARGUMENT if there are too many rows.
        """
        if rows > self.rows:
            raise invalid_argument(f"{name} has {rows} rows; this server takes up to {self.rows}.")

    def check_shape(self, name: str, sizes: Sequence[int], info: meta_graph_pb2.TensorInfo) -> None:
        """Checks a shape before a tensor of it is made.

        The shape need not be the signature's, as in TF Serving, but it holds no more values than the signature's does
        in the most rows that are allowed; sizes that the signature leaves open count as 1,024.

        Raises:
            StatusError: INVALID_ARGUMENT if it is too large in any way.
        """
        if len(sizes) > MOST_DIMENSIONS:
            raise invalid_argument(f"{name} has {len(sizes)} dimensions; this server takes up to {MOST_DIMENSIONS}.")
        if not sizes:
            return
        self.check_rows(name, sizes[0])
        most = self.rows * _row_values(info.tensor_shape.SerializeToString())
        # A dimension next to one of no size costs too: graphs count along it.
        if math.prod(size or 1 for size in sizes) > most:
            raise invalid_argument(f"{name} has the shape {list(sizes)}; this server takes up to {most} values.")

    def check_bytes(self, name: str, size: int) -> None:
        """Checks the bytes of a tensor that is about to be made.

        Raises:
            StatusError: INVALID_ARGUMENT if there are too many.
        """
        if size > self.input_bytes:
            raise invalid_argument(f"{name} would take {size} bytes; this server takes up to {self.input_bytes}.")

    def check(self, inputs: Mapping[str, np.ndarray]) -> int:
        """Checks the inputs of a signature, whatever they were read from.

        Returns:
            Bytes that they take.

        Raises:
            StatusError: INVALID_ARGUMENT if there are too many rows, one string is too long, or all are too large.
        """
        total = 0
        for name, value in sorted(inputs.items()):
            if value.ndim:
                self.check_rows(name, value.shape[0])
            total += value.nbytes
            if value.dtype == object and value.size:
                texts = value.ravel().tolist()
                length = sum(map(len, texts))
                if length > self.text_bytes and (longest := max(map(len, texts))) > self.text_bytes:
                    raise invalid_argument(
                        f"A string of {name} has {longest} bytes; this server takes up to {self.text_bytes}."
                    )
                total += length + TEXT_OVERHEAD_BYTES * len(texts)
        self.check_bytes("The inputs together", total)
        return total

    def check_answer(self, size: int) -> None:
        """Checks the bytes of an answer, as estimated before it is computed or as it is.

        Raises:
            StatusError: INVALID_ARGUMENT if there are too many.
        """
        if size > self.answer_bytes:
            raise invalid_argument(
                f"The answer would take {size} bytes; this server sends up to {self.answer_bytes}. Ask for fewer rows, "
                "a smaller k, or fewer outputs."
            )


@functools.cache
def _row_values(serialized_shape: bytes) -> int:
    """Returns the values that a shape of a signature has in a row; there are no more shapes than models state."""
    shape = tensor_shape_pb2.TensorShapeProto.FromString(serialized_shape)
    widths = [_OPEN_DIMENSION] if shape.unknown_rank else [size.size for size in shape.dim[1:]]
    return math.prod(_OPEN_DIMENSION if width < 0 else max(width, 1) for width in widths)


def check_k(inputs: Mapping[str, np.ndarray], max_k: int | None) -> None:
    """Checks how many products a request asks for, in any of its rows.

    Args:
        inputs: Of a signature; the input `k` is looked at, if there is one.
        max_k: Most products; None for no limit.

    Raises:
        StatusError: INVALID_ARGUMENT if it asks for more.
    """
    k = inputs.get("k")
    if k is not None and max_k is not None and k.size and k.max() > max_k:
        raise invalid_argument(f"k is {k.max()}; this model answers up to {max_k} products (serving.max_k).")
