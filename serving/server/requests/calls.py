"""The calls that the server answers, whatever the protocol they came by."""

import contextlib
import logging
import time
import traceback
from collections.abc import Iterator

import grpc

from serving.server.errors import StatusError
from serving.server.metrics import Metrics
from serving.server.models.model_store import ModelStore
from serving.server.request_log import RequestLog
from serving.server.requests.call import Call
from serving.server.requests.limits import Limits
from serving.server.requests.memory import MemoryBudget, Share

_LOG = logging.getLogger(__name__)


class Calls:
    """Watches over every call: turns what goes wrong into a status, counted and logged.

    Args:
        store: The models.
        limits: Largest requests.
        metrics: Counts the calls.
        log: Logs them.
    """

    def __init__(
        self,
        store: ModelStore,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        log: RequestLog | None = None,
    ) -> None:
        self.store = store
        self.limits = limits or Limits()
        self.metrics = metrics or Metrics()
        self.memory = MemoryBudget(self.limits.inflight_bytes)
        self._log = log or RequestLog()

    def share(self) -> Share:
        """Returns what one call takes of the memory for all: nothing yet."""
        return Share(self.memory)

    @contextlib.contextmanager
    def watched(self, api: str, model: str, call: Call, request: object) -> Iterator[None]:
        """Counts and logs what the block does; it is left out if nobody waits for the answer any more.

        Args:
            api: Name of the method, as TF Serving's metrics have it; "" where a request names none.
            model: Name of the model; "" where a request names none.
            call: Whoever waits for the answer.
            request: What the client sent, for the log.

        Raises:
            StatusError: Whatever goes wrong in the block; CANCELLED or DEADLINE_EXCEEDED if it is left out.
        """
        begin = time.perf_counter()
        refusal = None
        try:
            call.check()
            yield
        except Exception as error:
            refusal = as_status(error)
            raise refusal from error
        finally:
            # Names that no model has are as many as clients like: they get no series and no line of their own.
            known = model if model in self.store else ""
            seconds = time.perf_counter() - begin
            self.metrics.record(known, api, call.entrypoint, seconds, refusal)
            self._log.record(known, api, call, seconds, refusal, request)

    def refuse(self, error: Exception, call: Call, request: object) -> StatusError:
        """Counts and logs a call that is refused before its model is known; returns what the client is told."""
        refusal = as_status(error)
        with contextlib.suppress(StatusError), self.watched("", "", call, request):
            raise refusal
        return refusal


def as_status(error: Exception) -> StatusError:
    """Returns what a client is told about an error."""
    if isinstance(error, StatusError):
        return error
    if isinstance(error, MemoryError):
        return StatusError(grpc.StatusCode.RESOURCE_EXHAUSTED, "The request needs more memory than there is.")
    # The server must stay up whatever a request does. The error's text may quote the request, so it is not logged.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("A request failed in an unforeseen way: %s\n%s", type(error).__name__, frames)
    return StatusError(grpc.StatusCode.INTERNAL, "Internal error; the server's log says more.")
