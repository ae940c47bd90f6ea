"""What a call of the client can end with, when it does not end with an answer."""

import grpc


class ServingError(RuntimeError):
    """A call was not answered.

    Args:
        message: What happened and what to do.
        code: The gRPC status code.
    """

    def __init__(self, message: str, code: grpc.StatusCode) -> None:
        super().__init__(message)
        self.code = code


class ServerUnavailableError(ServingError):
    """Nothing answers at the address."""


class CallTimeoutError(ServingError):
    """The answer did not come in time."""


class ModelNotFoundError(ServingError):
    """The server has no such model, or not that version of it."""


class ServerBusyError(ServingError):
    """The server has more to do than it can, or a message is larger than it takes."""


class RefusedRequestError(ServingError):
    """The server refused the request as it is; sending it again does not help."""


class InvalidAnswerError(ServingError):
    """The server answered with what is no answer of the model's signature, or with more than is taken."""


class MalformedAnswer(Exception):
    """What is wrong with an answer; the client makes an `InvalidAnswerError` of it, with where it came from."""


_REFUSALS = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


# What gRPC says of an answer that is larger than the client takes; of a request, it says SERVER, and the client sends
# none that is compressed.
_LARGE_ANSWER = ("CLIENT: Received message larger than max", "Decompressed message larger than max")
# What TF Serving says of a full queue of batches, under the code that a missing server has too.
_FULL_QUEUE = "queue to which this task was submitted is full"
# What gRPC says of a port that speaks something else, such as HTTP/1 on the REST port of the same server.
_OTHER_PORT = "Failed parsing HTTP/2"


def call_error(error: grpc.RpcError, address: str, timeout_seconds: float) -> ServingError:
    """Returns the exception for what a gRPC call raised."""
    code = error.code()
    details = error.details() or code.name
    if code is grpc.StatusCode.UNAVAILABLE and _FULL_QUEUE in details:
        return ServerBusyError(f"{address} has no room for the request: {details}", code)
    if code is grpc.StatusCode.UNAVAILABLE and _OTHER_PORT in details:
        return ServerUnavailableError(
            f"{address} answers, but not in gRPC: it may be the REST port of a server. Give the port that "
            "the server names as gRPC's when it is ready.",
            code,
        )
    if code is grpc.StatusCode.UNAVAILABLE:
        return ServerUnavailableError(
            f"Nothing answers at {address} ({details}). The server may still be loading its models; where none runs, "
            "start it with `shelfwise serve`.",
            code,
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return CallTimeoutError(f"No answer from {address} within {timeout_seconds:g} s.", code)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and any(said in details for said in _LARGE_ANSWER):
        return InvalidAnswerError(
            f"The answer of {address} is larger than `max_message_bytes`: {details}. Ask for less, or allow more.",
            code,
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return ServerBusyError(f"{address} has no room for the request: {details}", code)
    if code is grpc.StatusCode.NOT_FOUND:
        return ModelNotFoundError(f"{address} does not serve what was asked for: {details}", code)
    if code in _REFUSALS:
        return RefusedRequestError(f"{address} refused the request: {details}", code)
    return ServingError(f"{address} failed: {code.name}: {details}", code)
