"""Turns what goes wrong in a handler into a gRPC status."""

from collections.abc import Callable
from typing import TypeVar

import grpc

from serving.server.requests.calls import as_status

Response = TypeVar("Response")


def answer(context: grpc.ServicerContext, handle: Callable[[], Response]) -> Response:
    """Returns what `handle` returns, or ends the call with the status of what it raised."""
    try:
        return handle()
    except Exception as error:
        refusal = as_status(error)
        context.abort(refusal.code, refusal.message)
    raise RuntimeError("`abort` raises, so this is never reached.")
