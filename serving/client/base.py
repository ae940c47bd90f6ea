"""What both clients are made of."""

from types import ModuleType
from typing import ClassVar

import grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.client.calls.tasks import TaskCalls
from serving.client.channel import Connection
from serving.client.errors import RefusedRequestError, ServingError, call_error
from serving.client.shape_memory import ShapeMemory


class ClientBase(TaskCalls):
    """A channel to a server, what is remembered of its models, and a method for everything that a model is asked.

    A client adds how it waits for answers. Whatever has no method of its own is asked by `ask`.
    """

    _grpc: ClassVar[ModuleType] = grpc

    def __init__(
        self,
        address: str,
        *,
        timeout_seconds: float = 10.0,
        max_message_bytes: int = -1,
        retries: bool = True,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """Sends nothing yet.

        Args:
            address: HOST:PORT of the gRPC port.
            timeout_seconds: How long each call may take, with all its attempts.
            max_message_bytes: Largest message that is sent or taken; -1 for any.
            retries: Whether calls that end with UNAVAILABLE are tried again, at most four times within the time.
            credentials: What TLS needs, such as `grpc.ssl_channel_credentials(...)`; None for a plain connection.
        """
        self.connection = Connection(
            address=address,
            timeout_seconds=timeout_seconds,
            max_message_bytes=max_message_bytes,
            retries=retries,
            credentials=credentials,
        )
        self._channel = self.connection.open(self._grpc)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._memory = ShapeMemory(address)

    def _failure(self, error: grpc.RpcError, model: str) -> ServingError:
        """Returns the exception for what a call about a model ended with."""
        failure = call_error(error, self.connection.address, self.connection.timeout_seconds)
        if isinstance(failure, RefusedRequestError):
            # A version with other sizes may have come since they were asked.
            self._memory.forget(model)
        return failure
