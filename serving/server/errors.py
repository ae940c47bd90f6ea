"""What a request is refused with: a gRPC status code and the message that TF Serving gives."""

import grpc
import tensorflow as tf

MAX_MESSAGE_CHARACTERS = 1024

_CODE_OF_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


class StatusError(Exception):
    """A request or a model version that is refused.

    Args:
        code: The gRPC status code.
        message: What the client is told; cut at 1,024 characters, as TF Serving does.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message[:MAX_MESSAGE_CHARACTERS])
        self.code = code
        self.message = message[:MAX_MESSAGE_CHARACTERS]

    @property
    def number(self) -> int:
        """The code as a number, the same in gRPC and in TensorFlow."""
        return int(self.code.value[0])


def invalid_argument(message: str) -> StatusError:
    """Returns the error for a request that is wrong whatever the state of the server."""
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, message)


def from_tensorflow(error: tf.errors.OpError) -> StatusError:
    """Returns what TensorFlow raised as the status that a client gets."""
    return StatusError(_CODE_OF_NUMBER.get(error.error_code, grpc.StatusCode.UNKNOWN), str(error.message))
