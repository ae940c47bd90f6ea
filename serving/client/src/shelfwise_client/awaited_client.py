"""The client whose answers are awaited."""

from collections.abc import Mapping, Sequence
from types import ModuleType, TracebackType
from typing import ClassVar, TypeVar

import grpc
import numpy as np

from shelfwise_client.base import ClientBase, Steps
from shelfwise_client.call import Call, Shapes
from shelfwise_client.protocol.classes import GetModelMetadataResponse

Result = TypeVar("Result")


class AsyncShelfwise(ClientBase):
    """`Shelfwise` for asyncio: the same methods, whose answers are awaited. Make it where an event loop runs.

    Example:
        async with AsyncShelfwise("127.0.0.1:8500") as client:
            found, next_ones = await asyncio.gather(client.search("tea pot"), client.recommend(["A1", "B2"]))
    """

    _grpc: ClassVar[ModuleType] = grpc.aio

    async def __aenter__(self) -> "AsyncShelfwise":
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
        return await self._run(self._asking(call))

    async def ask_with_version(self, call: Call[Result]) -> tuple[Result, int]:
        """See `Shelfwise.ask_with_version`."""
        return await self._run(self._asking_with_version(call))

    async def predict(
        self, model: str, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """See `Shelfwise.predict`."""
        return await self._run(self._predicting(model, signature, inputs, outputs, None, self._deadline()))

    async def input_shapes(self, model: str, signature: str) -> Shapes:
        """See `Shelfwise.input_shapes`."""
        return await self._run(self._shaping(model, signature))

    async def metadata(self, model: str) -> GetModelMetadataResponse:
        """See `Shelfwise.metadata`."""
        return await self._run(self._describing(model, self._deadline()))

    async def _run(self, steps: Steps[Result]) -> Result:
        answer: bytes | None = None
        while True:
            try:
                sending = next(steps) if answer is None else steps.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            try:
                answer = await self._methods[sending.method](sending.message, timeout=sending.deadline.left())
            except grpc.RpcError as error:
                raise self._failure(error, sending.model) from error
