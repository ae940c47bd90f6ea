"""What a gRPC call may take before and after it is answered: time to send its message, and time to read the answer."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from typing_extensions import override

from serving.server.errors import StatusError
from serving.server.requests.call import Call
from serving.server.requests.calls import Calls

# Calls whose messages are awaited at once, each by a thread that does nothing else.
AWAITED_MESSAGES = 500
# A message takes several times its bytes once it is read; small ones are as many as there are threads.
_READ_PER_BYTE, _SMALL_BYTES = 4, 64 * 1024
_LOOK_SECONDS = 1.0


class BoundedCalls(grpc.ServerInterceptor):
    """Takes a message whole before the call gets one of the places to be answered, and ends calls that stand still.

    gRPC's server in Python gives a call its thread as soon as the headers are there, so that a few clients that never
    send their message would keep all others out. Here many threads wait for messages, and few calls are answered at
    once.

    Args:
        calls: Counts and logs what is refused here, and knows the memory for all.
        at_once: Calls that are answered at once.
        patience_seconds: Time that a message has to arrive, and an answer to be read.
    """

    def __init__(self, calls: Calls, at_once: int, patience_seconds: float) -> None:
        self._calls = calls
        self._places = threading.Semaphore(at_once)
        self._patience_seconds = patience_seconds
        self._handlers: dict[str, grpc.RpcMethodHandler] = {}
        # When each call is ended that waits for its client.
        self._ends_at: dict[grpc.ServicerContext, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._end_those_that_stand_still, name="grpc-patience", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watches no more."""
        self._stopping.set()

    @override
    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        """Returns the handler of a call's method, with the bounds around it."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        # Unknown methods have no handler, so there are no more of these than the services have.
        return self._handlers.setdefault(handler_call_details.method, self._bounded(handler))

    def _bounded(self, handler: Any) -> grpc.RpcMethodHandler:
        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            message = self._received(messages, context)
            share = self._calls.share()
            try:
                if len(message) > _SMALL_BYTES:
                    share.grow_to(_READ_PER_BYTE * len(message))
                with self._places:
                    response = handler.unary_unary(_read(handler.request_deserializer, message, context), context)
            except StatusError as error:
                refusal = self._calls.refuse(error, Call(peer=context.peer), message)
                context.abort(refusal.code, refusal.message)
            finally:
                share.shrink_to(0)
            self._ends_at[context] = time.monotonic() + self._patience_seconds
            if not context.add_callback(lambda: self._ends_at.pop(context, None)):
                self._ends_at.pop(context, None)
            return response

        # To a client, one message of a stream and a message are the same; the server is given the one when it asks.
        return grpc.stream_unary_rpc_method_handler(answer, None, handler.response_serializer)

    def _received(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self._ends_at[context] = time.monotonic() + self._patience_seconds
        try:
            return next(messages)
        except StopIteration:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The call has no message.")
        finally:
            self._ends_at.pop(context, None)
        raise RuntimeError("`abort` raises, so this is never reached.")

    def _end_those_that_stand_still(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            now = time.monotonic()
            for context, ends_at in list(self._ends_at.items()):
                if ends_at < now:
                    context.cancel()


def _read(read: Callable[[bytes], Any], message: bytes, context: grpc.ServicerContext) -> Any:
    try:
        return read(message)
    except Exception:
        # What gRPC itself says of it.
        context.abort(grpc.StatusCode.INTERNAL, "Exception deserializing request!")
        raise
