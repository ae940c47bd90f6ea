"""The client whose methods return answers."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TypeVar

import grpc
import numpy as np

from shelfwise_client.base import ClientBase, Steps
from shelfwise_client.call import Call, Shapes
from shelfwise_client.protocol.classes import GetModelMetadataResponse

Result = TypeVar("Result")


class Shelfwise(ClientBase):
    """Asks a server for products and labels; one may be used by many threads.

    Ids are text. An id of bytes that are not UTF-8 comes back with surrogate escapes, and may be sent like that.

    Example:
        with Shelfwise("127.0.0.1:8500") as client:
            for product in client.search("tea pot", k=5, category="Home > Kitchen"):
                print(product.product_id, product.title)
    """

    def __enter__(self) -> "Shelfwise":
        """Returns the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the channel."""
        self.close()

    def close(self) -> None:
        """Closes the channel; the client is of no use afterwards."""
        self._channel.close()

    def ask(self, call: Call[Result]) -> Result:
        """Sends a call and reads its answer: how a model is asked that the client has no method for.

        Example:
            def read(outputs: Outputs) -> list[float]:
                return outputs["probabilities"][0].tolist()

            call = Call("my_model", "serving_default", {"product_ids": Row(texts(["A1", "B2"]))}, read)
            probabilities = client.ask(call)

        Args:
            call: Model, signature, inputs, and what makes the result of the outputs; see `shelfwise_client.call`.

        Raises:
            ValueError: A value does not fit the signature.
            ServingError: The server did not answer.
        """
        return self._run(self._asking(call))

    def ask_with_version(self, call: Call[Result]) -> tuple[Result, int]:
        """Sends a call as `ask` does, and says which version of the model answered; 0 where the server does not say."""
        return self._run(self._asking_with_version(call))

    def predict(
        self, model: str, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """Sends one PredictRequest as it is.

        Args:
            model: Name of the model.
            signature: Name of the signature.
            inputs: Value of each input; strings as object arrays of bytes.
            outputs: Outputs wanted; none means all.

        Raises:
            ServingError: The server did not answer.
        """
        return self._run(self._predicting(model, signature, inputs, outputs, None, self._deadline()))

    def input_shapes(self, model: str, signature: str) -> Shapes:
        """Returns the shape of each input of a signature, -1 for any size; asked once a model and then remembered.

        Raises:
            ValueError: The model has no such signature.
            ServingError: The server did not answer.
        """
        return self._run(self._shaping(model, signature))

    def metadata(self, model: str) -> GetModelMetadataResponse:
        """Returns what the server says of the signatures of a model.

        Raises:
            ServingError: The server did not answer.
        """
        return self._run(self._describing(model, self._deadline()))

    def _run(self, steps: Steps[Result]) -> Result:
        answer: bytes | None = None
        while True:
            try:
                sending = next(steps) if answer is None else steps.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            try:
                answer = self._methods[sending.method](sending.message, timeout=sending.deadline.left())
            except grpc.RpcError as error:
                raise self._failure(error, sending.model) from error
