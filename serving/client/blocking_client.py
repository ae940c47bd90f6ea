"""The client whose methods return answers."""

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
from serving.client.methods import blocking
from serving.client.shape_memory import ShapeMemory

Result = TypeVar("Result")


class Shelfwise:
    """Asks a server for products and labels; one may be used by many threads.

    Ids are text. An id of bytes that are not UTF-8 comes back with surrogate escapes, and may be sent like that.

    Example:
        with Shelfwise("127.0.0.1:8500") as client:
            for product in client.search("tea pot", k=5, category="Home > Kitchen"):
                print(product.product_id, product.title)

    Args:
        address: HOST:PORT of the gRPC port.
        timeout_seconds: How long each call may take, with all its attempts.
        max_message_bytes: Largest message that is sent or taken; -1 for any.
        retries: Whether calls that end with UNAVAILABLE are tried again, at most four times within the time.
        credentials: What TLS needs, such as `grpc.ssl_channel_credentials(...)`; None for a plain connection.
    """

    search = blocking(search_calls.search)
    explain_search = blocking(search_calls.explain_search)
    embed_query = blocking(search_calls.embed_query)
    recommend = blocking(recommendation_calls.recommend)
    similar = blocking(recommendation_calls.similar)
    bought_together = blocking(recommendation_calls.bought_together)
    embed = blocking(recommendation_calls.embed)
    classify = blocking(classification_calls.classify)
    explain_classification = blocking(classification_calls.explain_classification)
    segment = blocking(segmentation_calls.segment)
    explain_segment = blocking(segmentation_calls.explain_segment)

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
        self._channel = self.connection.open()
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._memory = ShapeMemory(address)

    def __enter__(self) -> Self:
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
        """Sends a call and reads its answer.

        Raises:
            ValueError: A value does not fit the signature.
            ServingError: The server did not answer.
        """
        shapes = self.input_shapes(call.model, call.signature) if call.needs_shapes else {}
        return call.read(self.predict(call.model, call.signature, call.padded_inputs(shapes)))

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
        request = predict_request(model, signature, inputs, outputs)
        try:
            return output_arrays(self._send(self._service.Predict, request))
        except RefusedRequestError:
            # A version with other sizes may have come since they were asked.
            self._memory.forget(model)
            raise

    def input_shapes(self, model: str, signature: str) -> Shapes:
        """Returns the shape of each input of a signature, -1 for any size; asked once a model and then remembered.

        Raises:
            ValueError: The model has no such signature.
            ServingError: The server did not answer.
        """
        if (known := self._memory.signatures(model)) is None:
            known = self._memory.remember(model, signature_shapes(self.metadata(model)))
        return self._memory.of_signature(known, model, signature)

    def metadata(self, model: str) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns what the server says of the signatures of a model.

        Raises:
            ServingError: The server did not answer.
        """
        return self._send(self._service.GetModelMetadata, metadata_request(model))

    def _send(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.connection.timeout_seconds)
        except grpc.RpcError as error:
            raise call_error(error, self.connection.address, self.connection.timeout_seconds) from error
