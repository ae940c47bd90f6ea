"""How large a request may be."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from serving.server.errors import invalid_argument


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Largest requests; what is larger is refused before a model sees it.

    Args:
        message_bytes: A whole request, as it comes over the network.
        rows: First dimension of an input: what is computed for a row may take more memory than the message by far.
        text_bytes: One string of an input.
    """

    message_bytes: int = 64 * 1024 * 1024
    rows: int = 1024
    text_bytes: int = 1024 * 1024

    def check(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Checks the inputs of a signature.

        Raises:
            StatusError: INVALID_ARGUMENT if there are too many rows or one string is too long.
        """
        for name, value in sorted(inputs.items()):
            if value.ndim and value.shape[0] > self.rows:
                raise invalid_argument(f"{name} has {value.shape[0]} rows; this server takes up to {self.rows}.")
            if value.dtype == object and value.size:
                longest = max(map(len, value.flat))
                if longest > self.text_bytes:
                    raise invalid_argument(
                        f"A string of {name} has {longest} bytes; this server takes up to {self.text_bytes}."
                    )
