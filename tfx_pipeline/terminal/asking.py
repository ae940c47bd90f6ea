"""The client as the commands have it."""

from collections.abc import Iterator
from contextlib import contextmanager

from components.errors import InputError
from serving.client import Shelfwise

# How many products a model gives is said where it is served: that server refuses what is too much.
_ANY_K = 2**31 - 1


@contextmanager
def asking(address: str) -> Iterator[Shelfwise]:
    """Opens a client for one command.

    Args:
        address: HOST:PORT of the server.

    Raises:
        InputError: What is asked does not fit the model, such as more products than an input takes.
        ServingError: The server did not answer.
    """
    with Shelfwise(address, max_k=_ANY_K) as client:
        try:
            yield client
        except ValueError as error:
            raise InputError(str(error)) from error
