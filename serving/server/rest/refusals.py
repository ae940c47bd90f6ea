"""What a REST request is refused with."""

import http
from dataclasses import dataclass

import grpc

from serving.server.errors import StatusError
from serving.server.rest.json_values import error_body

# A client that went away gets nothing; its status is for the log.
CLIENT_CLOSED_REQUEST = 499
_HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: CLIENT_CLOSED_REQUEST,
    grpc.StatusCode.INVALID_ARGUMENT: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.FAILED_PRECONDITION: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.OUT_OF_RANGE: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: http.HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: http.HTTPStatus.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: http.HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: http.HTTPStatus.CONFLICT,
    grpc.StatusCode.ABORTED: http.HTTPStatus.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: http.HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.UNIMPLEMENTED: http.HTTPStatus.NOT_IMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE: http.HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: http.HTTPStatus.GATEWAY_TIMEOUT,
}


@dataclass(frozen=True)
class HttpAnswer:
    """A status and a body of JSON."""

    status: int
    body: bytes


class HttpError(StatusError):
    """A request that HTTP has a status of its own for.

    Args:
        code: The gRPC status code, for the log and the metrics.
        message: What the client is told.
        http_status: HTTP's status.
    """

    def __init__(self, code: grpc.StatusCode, message: str, http_status: http.HTTPStatus) -> None:
        super().__init__(code, message)
        self.http_status = http_status


def refused(error: StatusError) -> HttpAnswer:
    """Returns the answer to a request that is refused."""
    if isinstance(error, HttpError):
        return HttpAnswer(error.http_status, error_body(error))
    return HttpAnswer(_HTTP_STATUS.get(error.code, http.HTTPStatus.INTERNAL_SERVER_ERROR), error_body(error))


def too_large(limit: int) -> HttpError:
    """Returns the error for a body of more bytes than the limit."""
    return HttpError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"The request is larger than this server takes: {limit} bytes.",
        http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )
