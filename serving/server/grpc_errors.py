"""Turns what goes wrong in a handler into a gRPC status."""

import logging
from collections.abc import Callable
from typing import TypeVar

import grpc

from serving.server.errors import StatusError

_LOG = logging.getLogger(__name__)

Response = TypeVar("Response")


def answer(context: grpc.ServicerContext, handle: Callable[[], Response]) -> Response:
    """Returns what `handle` returns, or ends the call with the status of what it raised."""
    try:
        return handle()
    except StatusError as error:
        context.abort(error.code, error.message)
    except MemoryError:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "The request needs more memory than there is.")
    except Exception:
        # The server must stay up whatever a request does; what it held is not logged.
        _LOG.exception("A request failed in an unforeseen way.")
        context.abort(grpc.StatusCode.INTERNAL, "Internal error; the server's log says more.")
    raise RuntimeError("`abort` raises, so this is never reached.")
