"""What both clients are made of."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar, TypeAlias, TypeVar

import grpc
import numpy as np

from shelfwise_client.call import Call, Shapes, check_outputs
from shelfwise_client.calls.tasks import TaskCalls
from shelfwise_client.channel import MAX_MESSAGE_BYTES, METADATA, PREDICT, Connection
from shelfwise_client.deadline import Deadline
from shelfwise_client.errors import InvalidAnswerError, MalformedAnswer, RefusedRequestError, ServingError, call_error
from shelfwise_client.max_k import DEFAULT_MAX_K
from shelfwise_client.protocol.classes import GetModelMetadataResponse
from shelfwise_client.protocol.messages import (
    metadata_request,
    output_arrays,
    predict_request,
    read_answer,
    read_metadata,
)
from shelfwise_client.protocol.signatures import Signature, read_signatures
from shelfwise_client.signature_memory import SignatureMemory

Result = TypeVar("Result")


@dataclass(frozen=True)
class Sending:
    """A message on its way to the server.

    Attributes:
        method: Whole name of the method.
        model: The model that it is about.
        message: Its bytes.
        deadline: When to give up.
    """

    method: str
    model: str
    message: bytes
    deadline: Deadline


# What a call sends, message by message, and what it comes to; whoever runs it puts each answer in.
Steps: TypeAlias = Generator[Sending, bytes, Result]


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
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        max_k: int = DEFAULT_MAX_K,
        retries: bool = True,
        credentials: grpc.ChannelCredentials | None = None,
        version_label: str = "",
    ) -> None:
        """Sends nothing yet.

        Args:
            address: HOST:PORT of the gRPC port.
            timeout_seconds: How long each call may take, with all its attempts and the reading of its answer.
            max_message_bytes: Largest message that is sent or taken; -1 for any.
            max_k: Most products that may be asked for; what `serving.max_k` of the models says.
            retries: Whether calls that end with UNAVAILABLE are tried again, at most four times within the time.
            credentials: What TLS needs, such as `grpc.ssl_channel_credentials(...)`; None for a plain connection.
            version_label: Label of the versions that are asked, as the server's configuration gives them; empty for
                the newest.
        """
        self.connection = Connection(
            address=address,
            timeout_seconds=timeout_seconds,
            max_message_bytes=max_message_bytes,
            retries=retries,
            credentials=credentials,
        )
        self._channel = self.connection.open(self._grpc)
        # Bytes both ways: an answer is looked at here, not by gRPC.
        self._methods = {method: self._channel.unary_unary(method) for method in (PREDICT, METADATA)}
        self._memory = SignatureMemory(address)
        self._max_k = max_k
        self._version_label = version_label

    def _asking(self, call: Call[Result]) -> Steps[Result]:
        return (yield from self._asking_with_version(call))[0]

    def _asking_with_version(self, call: Call[Result]) -> Steps[tuple[Result, int]]:
        deadline = self._deadline()
        signature = yield from self._finding(call.model, call.signature, deadline)
        with self._reading(call.model):
            check_outputs(call.outputs, signature)
            inputs = call.padded_inputs(_shapes(signature))
        self._check_k(inputs)
        outputs, version = yield from self._predicting_with_version(call.model, call.signature, inputs, (), 1, deadline)
        with self._reading(call.model):
            return call.read(outputs), version

    def _predicting(
        self,
        model: str,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        rows: int | None,
        deadline: Deadline,
    ) -> Steps[dict[str, np.ndarray]]:
        return (yield from self._predicting_with_version(model, signature, inputs, outputs, rows, deadline))[0]

    def _predicting_with_version(
        self,
        model: str,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        rows: int | None,
        deadline: Deadline,
    ) -> Steps[tuple[dict[str, np.ndarray], int]]:
        request = predict_request(model, signature, inputs, outputs, self._version_label).SerializeToString()
        known = yield from self._finding(model, signature, deadline)
        sent_back = yield Sending(PREDICT, model, request, deadline)
        with self._reading(model):
            answer = read_answer(sent_back)
        version = int(answer.model_spec.version.value)
        try:
            return output_arrays(answer, known, outputs, rows, deadline), version
        except MalformedAnswer:
            # A version with another signature may have come since it was asked for.
            self._memory.forget(model)
        known = yield from self._finding(model, signature, deadline)
        with self._reading(model):
            return output_arrays(answer, known, outputs, rows, deadline), version

    def _finding(self, model: str, signature: str, deadline: Deadline) -> Steps[Signature]:
        if (known := self._memory.signatures(model)) is None:
            metadata = yield from self._describing(model, deadline)
            with self._reading(model):
                known = self._memory.remember(model, read_signatures(metadata))
        return self._memory.of_name(known, model, signature)

    def _describing(self, model: str, deadline: Deadline) -> Steps[GetModelMetadataResponse]:
        answer = yield Sending(
            METADATA, model, metadata_request(model, self._version_label).SerializeToString(), deadline
        )
        with self._reading(model):
            return read_metadata(answer)

    def _shaping(self, model: str, signature: str) -> Steps[Shapes]:
        return _shapes((yield from self._finding(model, signature, self._deadline())))

    def _check_k(self, inputs: Mapping[str, np.ndarray]) -> None:
        if "k" in inputs and inputs["k"].max(initial=0) > self._max_k:
            raise ValueError(
                f"`k` should be at most {self._max_k}, got {inputs['k'].max()}. Where the models were exported with "
                "another `serving.max_k`, give the client that as `max_k`."
            )

    def _deadline(self) -> Deadline:
        return Deadline(self.connection.timeout_seconds, self.connection.address)

    @contextmanager
    def _reading(self, model: str) -> Iterator[None]:
        """Says of what is wrong with an answer where it came from."""
        try:
            yield
        except MalformedAnswer as error:
            self._memory.forget(model)
            raise InvalidAnswerError(
                f"{self.connection.address} did not answer for model `{model}` as its signature says: {error}. Is it "
                "a server of Shelfwise's models, of this version?",
                grpc.StatusCode.INTERNAL,
            ) from error

    def _failure(self, error: grpc.RpcError, model: str) -> ServingError:
        """Returns the exception for what a call about a model ended with."""
        failure = call_error(error, self.connection.address, self.connection.timeout_seconds)
        if isinstance(failure, RefusedRequestError):
            # A version with other sizes may have come since they were asked.
            self._memory.forget(model)
        return failure


def _shapes(signature: Signature) -> Shapes:
    return {name: spec.shape for name, spec in signature.inputs.items() if spec.shape is not None}
