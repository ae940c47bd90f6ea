"""A typed client of the served models, for the embedded server and for stock TF Serving alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from serving.client_errors import RefusedRequestError, ServingError, call_error

__all__ = [
    "Answer",
    "ExplainedToken",
    "ExplainedWord",
    "LabelAnswer",
    "SearchAnswer",
    "ServingError",
    "Shelfwise",
    "TogetherAnswer",
]

RECOMMENDATION_MODEL = "recommendation"
SEARCH_MODEL = "search"
CLASSIFICATION_MODEL = "classification"


@dataclass(frozen=True)
class Answer:
    """A product of an answer, the best one first."""

    product_id: str
    score: float
    title: str


@dataclass(frozen=True)
class SearchAnswer(Answer):
    """A product that answers a query, with the group of products that it belongs to."""

    cluster_id: int
    cluster_label: str


@dataclass(frozen=True)
class ExplainedWord:
    """What a word of a query adds to the score of a product, by being in its text and by its meaning."""

    word: str
    lexical: float
    dense: float


@dataclass(frozen=True)
class TogetherAnswer:
    """A product that is bought together with others.

    Confidence is the share of the baskets with the others that hold it too; lift is that share divided by the product's
    share of all baskets.
    """

    product_id: str
    confidence: float
    lift: float


@dataclass(frozen=True)
class LabelAnswer:
    """A label of a text."""

    label: str
    probability: float


@dataclass(frozen=True)
class ExplainedToken:
    """What a token of a text adds to the probability of its best label."""

    token: str
    attribution: float


class Shelfwise:
    """Asks a server for products and labels.

    Ids are text. An id of bytes that are not UTF-8 comes back with surrogate escapes, and may be sent like that.

    Example:
        with Shelfwise("127.0.0.1:8500") as client:
            for product in client.recommend(["A1", "B2"], k=5, category="Home > Kitchen"):
                print(product.product_id, product.title)

    Args:
        address: HOST:PORT of the gRPC port.
        timeout_seconds: How long each call may take.
        max_message_bytes: Largest answer that is taken; -1 for any.
    """

    def __init__(self, address: str, *, timeout_seconds: float = 10.0, max_message_bytes: int = -1) -> None:
        self.address = address
        self.timeout_seconds = timeout_seconds
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", max_message_bytes),
                ("grpc.max_send_message_length", max_message_bytes),
            ],
        )
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._shapes: dict[str, dict[str, dict[str, tuple[int, ...]]]] = {}

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

    def recommend(
        self,
        history_ids: Sequence[str] = (),
        history_types: Sequence[str] | None = None,
        history_ages_seconds: Sequence[float] | None = None,
        *,
        k: int = 10,
        category: str = "",
        max_price: float = 0.0,
        in_stock_only: bool = False,
        exclude_ids: Sequence[str] = (),
        include_bought: bool = True,
    ) -> list[Answer]:
        """Recommends products to a user.

        Args:
            history_ids: Products of the user's events, the newest last; of a longer history than the model takes, the
                latest events are sent. None at all gives popular products.
            history_types: Event type of each; None leaves them unknown, which counts as bought.
            history_ages_seconds: How long ago each was; None leaves them unknown.
            k: Products wanted.
            category: Its first levels, joined by " > "; empty for any.
            max_price: Highest price; 0 for any. Products without a known price have none that is low enough.
            in_stock_only: Whether to leave out what is out of stock.
            exclude_ids: At most 100 products not to recommend.
            include_bought: Whether products that the history says were bought may come again.

        Returns:
            At most `k` products, the best first.

        Raises:
            ValueError: Lists of the history differ in length, or too many ids are excluded.
            ServingError: The server did not answer.
        """
        shapes = self.input_shapes(RECOMMENDATION_MODEL, "filtered")
        inputs = self._history(shapes, history_ids, history_types, history_ages_seconds)
        inputs["k"] = np.array([k], np.int32)
        inputs["category"] = _texts([category])
        inputs["max_price"] = np.array([max_price], np.float32)
        inputs["in_stock_only"] = np.array([in_stock_only])
        inputs["exclude_ids"] = _padded(_texts(exclude_ids), shapes["exclude_ids"][1], b"", "exclude_ids")
        inputs["include_bought"] = np.array([include_bought])
        return _answers(self.predict(RECOMMENDATION_MODEL, "filtered", inputs))

    def similar(self, product_id: str, k: int = 10) -> list[Answer]:
        """Finds the products most like one; an unknown product has none.

        Args:
            product_id: The product.
            k: Products wanted.

        Raises:
            ServingError: The server did not answer.
        """
        inputs = {"product_id": _texts([product_id]), "k": np.array([k], np.int32)}
        return _answers(self.predict(RECOMMENDATION_MODEL, "similar_products", inputs))

    def bought_together(self, product_ids: Sequence[str], k: int = 10) -> list[TogetherAnswer]:
        """Finds what is bought together with some products; unknown ones have nothing.

        Args:
            product_ids: At most 10 products, in any order.
            k: Products wanted.

        Returns:
            At most `k` other products, that of the strongest rule first.

        Raises:
            ValueError: There are too many products, or the model was exported without rules.
            ServingError: The server did not answer.
        """
        width = self.input_shapes(RECOMMENDATION_MODEL, "bought_together")["product_ids"][1]
        inputs = {
            "product_ids": _padded(_texts(product_ids), width, b"", "product_ids"),
            "k": np.array([k], np.int32),
        }
        outputs = self.predict(RECOMMENDATION_MODEL, "bought_together", inputs)
        columns = (outputs["product_ids"][0], outputs["confidence"][0], outputs["lift"][0])
        return [
            TogetherAnswer(product_id.decode("utf-8", "surrogateescape"), float(confidence), float(lift))
            for product_id, confidence, lift in zip(*columns, strict=True)
            if product_id
        ]

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        category: str = "",
        max_price: float = 0.0,
        in_stock_only: bool = False,
        exclude_ids: Sequence[str] = (),
    ) -> list[SearchAnswer]:
        """Finds products by what people type.

        Args:
            query: Any text; of one with nothing that the model knows there is no answer.
            k: Products wanted.
            category: Its first levels, joined by " > "; empty for any.
            max_price: Highest price; 0 for any. Products without a known price have none that is low enough.
            in_stock_only: Whether to leave out what is out of stock.
            exclude_ids: At most 100 products not to answer with.

        Returns:
            At most `k` products, the best first.

        Raises:
            ValueError: Too many ids are excluded.
            ServingError: The server did not answer.
        """
        shapes = self.input_shapes(SEARCH_MODEL, "filtered")
        outputs = self.predict(
            SEARCH_MODEL,
            "filtered",
            {
                "query": _texts([query]),
                "k": np.array([k], np.int32),
                "category": _texts([category]),
                "max_price": np.array([max_price], np.float32),
                "in_stock_only": np.array([in_stock_only]),
                "exclude_ids": _padded(_texts(exclude_ids), shapes["exclude_ids"][1], b"", "exclude_ids"),
            },
        )
        clusters = zip(outputs["cluster_ids"][0], outputs["cluster_labels"][0], strict=True)
        return [
            SearchAnswer(answer.product_id, answer.score, answer.title, int(cluster), label.decode("utf-8", "replace"))
            for answer, (cluster, label) in zip(_answers(outputs), clusters, strict=False)
        ]

    def explain_search(self, query: str, product_id: str) -> list[ExplainedWord]:
        """Says what each word of a query adds to the score of a product; an unknown product has no words.

        Raises:
            ServingError: The server did not answer.
        """
        inputs = {"query": _texts([query]), "product_id": _texts([product_id])}
        outputs = self.predict(SEARCH_MODEL, "explain", inputs)
        columns = (outputs["words"][0], outputs["lexical"][0], outputs["dense"][0])
        return [
            ExplainedWord(word.decode("utf-8", "replace"), float(lexical), float(dense))
            for word, lexical, dense in zip(*columns, strict=True)
            if word
        ]

    def embed_query(self, query: str) -> np.ndarray:
        """Returns the vector of a query, float32 `(dimensions,)`."""
        return self.predict(SEARCH_MODEL, "embed", {"query": _texts([query])})["embeddings"][0]

    def classify(self, text: str, model: str = CLASSIFICATION_MODEL) -> list[LabelAnswer]:
        """Gives a text labels.

        Args:
            text: Any text; of a very long one the beginning is read.
            model: Name that the classifier is served under.

        Returns:
            All labels, the most probable first.

        Raises:
            ServingError: The server did not answer.
        """
        outputs = self.predict(model, "serving_default", {"text": _texts([text])})
        return [
            LabelAnswer(label.decode("utf-8", "surrogateescape"), float(probability))
            for label, probability in zip(outputs["labels"][0], outputs["probabilities"][0], strict=True)
        ]

    def explain_classification(self, text: str, model: str = CLASSIFICATION_MODEL) -> list[ExplainedToken]:
        """Says what each token of a text adds to the probability of its best label; see `classify`."""
        outputs = self.predict(model, "explain", {"text": _texts([text])})
        return [
            ExplainedToken(token.decode("utf-8", "replace"), float(attribution))
            for token, attribution in zip(outputs["tokens"][0], outputs["attributions"][0], strict=True)
            if token
        ]

    def embed(
        self,
        history_ids: Sequence[str],
        history_types: Sequence[str] | None = None,
        history_ages_seconds: Sequence[float] | None = None,
    ) -> np.ndarray:
        """Returns the user vector of a history, float32 `(dimensions,)`; see `recommend` for the arguments."""
        shapes = self.input_shapes(RECOMMENDATION_MODEL, "embed")
        inputs = self._history(shapes, history_ids, history_types, history_ages_seconds)
        return self.predict(RECOMMENDATION_MODEL, "embed", inputs)["embeddings"][0]

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
        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        request.output_filter.extend(outputs)
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        try:
            response = self._call(self._service.Predict, request)
        except RefusedRequestError:
            # A version with other sizes may have come since they were asked.
            self._shapes.pop(model, None)
            raise
        return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}

    def input_shapes(self, model: str, signature: str) -> dict[str, tuple[int, ...]]:
        """Returns the shape of each input of a signature, -1 for any size; asked once a model and then remembered.

        Raises:
            ValueError: The model has no such signature.
            ServingError: The server did not answer.
        """
        if model not in self._shapes:
            request = get_model_metadata_pb2.GetModelMetadataRequest()
            request.model_spec.name = model
            request.metadata_field.append("signature_def")
            response = self._call(self._service.GetModelMetadata, request)
            signatures = get_model_metadata_pb2.SignatureDefMap()
            response.metadata["signature_def"].Unpack(signatures)
            self._shapes[model] = {
                name: {
                    key: tuple(dimension.size for dimension in info.tensor_shape.dim)
                    for key, info in definition.inputs.items()
                }
                for name, definition in signatures.signature_def.items()
            }
        if signature not in self._shapes[model]:
            raise ValueError(
                f"Model `{model}` at {self.address} has no signature `{signature}`, "
                f"but {sorted(self._shapes[model])}; was it exported by another version?"
            )
        return self._shapes[model][signature]

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.timeout_seconds)
        except grpc.RpcError as error:
            raise call_error(error, self.address, self.timeout_seconds) from error

    @staticmethod
    def _history(
        shapes: Mapping[str, tuple[int, ...]],
        ids: Sequence[str],
        types: Sequence[str] | None,
        ages_seconds: Sequence[float] | None,
    ) -> dict[str, np.ndarray]:
        for name, values in {"history_types": types, "history_ages_seconds": ages_seconds}.items():
            if values is not None and len(values) != len(ids):
                raise ValueError(f"`{name}` must have one value for each of the {len(ids)} ids, got {len(values)}.")
        length = shapes["history_ids"][1]
        given_types = types if types is not None else [""] * len(ids)
        given_ages = ages_seconds if ages_seconds is not None else [0.0] * len(ids)
        return {
            "history_ids": _padded(_texts(ids[-length:]), length, b"", "history_ids"),
            "history_types": _padded(_texts(given_types[-length:]), length, b"", "history_types"),
            "history_age_seconds": _padded(
                np.array(given_ages[-length:], np.float32), length, 0.0, "history_ages_seconds"
            ),
        }


def _texts(values: Sequence[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    try:
        array[:] = [value.encode("utf-8", "surrogateescape") for value in values]
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Texts should be what UTF-8 can hold, but character {error.start} of {error.object!r:.80} is half of a "
            "surrogate pair; decode the text again, or drop that character."
        ) from None
    return array


def _padded(values: np.ndarray, length: int, padding: bytes | float, name: str) -> np.ndarray:
    """Returns `values` as one row `(1, length)`."""
    if len(values) > length:
        raise ValueError(f"`{name}` takes at most {length} values, got {len(values)}.")
    row = np.full((1, length), padding, dtype=values.dtype)
    row[0, : len(values)] = values
    return row


def _answers(outputs: Mapping[str, np.ndarray]) -> list[Answer]:
    """Returns the first row of an answer without its padding."""
    columns = (outputs["product_ids"][0], outputs["scores"][0], outputs["titles"][0])
    return [
        Answer(product_id.decode("utf-8", "surrogateescape"), float(score), title.decode("utf-8", "replace"))
        for product_id, score, title in zip(*columns, strict=True)
        if product_id
    ]
