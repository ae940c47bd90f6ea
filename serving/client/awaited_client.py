"""The client whose answers are awaited."""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Self, TypeVar

import grpc
import numpy as np
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.client.base import ClientBase
from serving.client.call import Call, Shapes
from serving.client.messages import metadata_request, output_arrays, predict_request, signature_shapes

Result = TypeVar("Result")


class AsyncShelfwise(ClientBase):
    """`Shelfwise` for asyncio: the same methods, whose answers are awaited. Make it where an event loop runs.

    Example:
        async with AsyncShelfwise("127.0.0.1:8500") as client:
            found, next_ones = await asyncio.gather(client.search("tea pot"), client.recommend(["A1", "B2"]))
    """

    _grpc: ClassVar[ModuleType] = grpc.aio

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
        return output_arrays(await self._send(self._service.Predict, request))

    async def input_shapes(self, model: str, signature: str) -> Shapes:
        """See `Shelfwise.input_shapes`."""
        if (known := self._memory.signatures(model)) is None:
            known = self._memory.remember(model, signature_shapes(await self.metadata(model)))
        return self._memory.of_signature(known, model, signature)

    async def metadata(self, model: str) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """See `Shelfwise.metadata`."""
        return await self._send(self._service.GetModelMetadata, metadata_request(model))

    async def _send(self, method: Callable[..., Any], request: Any) -> Any:
        try:
            return await method(request, timeout=self.connection.timeout_seconds)
        except grpc.RpcError as error:
            raise self._failure(error, request.model_spec.name) from error
