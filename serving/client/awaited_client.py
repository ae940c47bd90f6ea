"""The client whose answers are awaited."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import numpy as np
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

from serving.client.call import Call, Shapes
from serving.client.calls import classification as classification_calls
from serving.client.calls import recommendation as recommendation_calls
from serving.client.calls import search as search_calls
from serving.client.calls import segmentation as segmentation_calls
from serving.client.channel import Connection
from serving.client.errors import RefusedRequestError, call_error
from serving.client.messages import metadata_request, output_arrays, predict_request, signature_shapes
from serving.client.methods import awaited
from serving.client.shape_memory import ShapeMemory

Result = TypeVar("Result")


class AsyncShelfwise:
    """`Shelfwise` for asyncio: the same methods, whose answers are awaited. Make it where an event loop runs.

    Example:
        async with AsyncShelfwise("127.0.0.1:8500") as client:
            found, next_ones = await asyncio.gather(client.search("tea pot"), client.recommend(["A1", "B2"]))

    Args:
        address: HOST:PORT of the gRPC port.
        timeout_seconds: How long each call may take, with all its attempts.
        max_message_bytes: Largest message that is sent or taken; -1 for any.
        retries: Whether calls that end with UNAVAILABLE are tried again, at most four times within the time.
        credentials: What TLS needs, such as `grpc.ssl_channel_credentials(...)`; None for a plain connection.
    """

    search = awaited(search_calls.search)
    explain_search = awaited(search_calls.explain_search)
    embed_query = awaited(search_calls.embed_query)
    recommend = awaited(recommendation_calls.recommend)
    similar = awaited(recommendation_calls.similar)
    bought_together = awaited(recommendation_calls.bought_together)
    embed = awaited(recommendation_calls.embed)
    classify = awaited(classification_calls.classify)
    explain_classification = awaited(classification_calls.explain_classification)
    segment = awaited(segmentation_calls.segment)
    explain_segment = awaited(segmentation_calls.explain_segment)

    def __init__(
        self,
        address: str,
        *,
        timeout_seconds: float = 10.0,
        max_message_bytes: int = -1,
        retries: bool = True,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self.connection = Connection(
            address=address,
            timeout_seconds=timeout_seconds,
            max_message_bytes=max_message_bytes,
            retries=retries,
            credentials=credentials,
        )
        self._channel = self.connection.open(grpc.aio)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._memory = ShapeMemory(address)

    async def __aenter__(self) -> Self:
        """Returns the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the channel."""
        await self.close()

    async def close(self) -> None:
        """Closes the channel; the client is of no use afterwards."""
        await self._channel.close()

    async def ask(self, call: Call[Result]) -> Result:
        """See `Shelfwise.ask`."""
        shapes = await self.input_shapes(call.model, call.signature) if call.needs_shapes else {}
        return call.read(await self.predict(call.model, call.signature, call.padded_inputs(shapes)))

    async def predict(
        self, model: str, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """See `Shelfwise.predict`."""
        request = predict_request(model, signature, inputs, outputs)
        try:
            return output_arrays(await self._send(self._service.Predict, request))
        except RefusedRequestError:
            self._memory.forget(model)
            raise

    async def input_shapes(self, model: str, signature: str) -> Shapes:
        """See `Shelfwise.input_shapes`."""
        if (known := self._memory.signatures(model)) is None:
            known = self._memory.remember(model, signature_shapes(await self.metadata(model)))
        return self._memory.of_signature(known, model, signature)

    async def metadata(self, model: str) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """See `Shelfwise.metadata`."""
        return await self._send(self._service.GetModelMetadata, metadata_request(model))

    async def _send(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, timeout=self.connection.timeout_seconds)
        except grpc.RpcError as error:
            raise call_error(error, self.connection.address, self.connection.timeout_seconds) from error
