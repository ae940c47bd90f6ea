"""The body of a REST request: received within limits of time and size, and uncompressed."""

import asyncio
import gzip
import http
import io
import zlib

import grpc
from starlette.requests import Request

from serving.server.errors import invalid_argument
from serving.server.requests.memory import Share
from serving.server.rest.refusals import HttpError, too_large

# Smaller bodies are as many as there are connections, and still not much.
_SMALL_BYTES = 64 * 1024


async def receive_body(request: Request, limit: int, timeout_seconds: float, share: Share) -> bytes:
    """Receives a body.

    Args:
        request: Its headers have come.
        limit: Most bytes.
        timeout_seconds: Time that the body has.
        share: Takes the memory for a large body.

    Raises:
        ClientDisconnect: The client went away before all was there.
        HttpError: The body is too large, or did not come in time.
        StatusError: RESOURCE_EXHAUSTED if there is no memory for it.
    """
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit:
        raise too_large(limit)
    parts, size = [], 0
    try:
        async with asyncio.timeout(timeout_seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                if size > _SMALL_BYTES:
                    share.grow_to(size)
                parts.append(part)
    except TimeoutError as error:
        raise HttpError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "The request did not arrive in time.",
            http.HTTPStatus.REQUEST_TIMEOUT,
        ) from error
    return b"".join(parts)


def uncompressed(body: bytes, content_encoding: str, limit: int) -> bytes:
    """Returns a body as it was before gzip; with another encoding, or none, it stays as it is, as in TF Serving.

    Args:
        body: What came.
        content_encoding: The header of that name; "" if there is none.
        limit: Most bytes to uncompress it to.

    Raises:
        HttpError: It would be larger than the limit.
        StatusError: INVALID_ARGUMENT for a damaged body.
    """
    if "gzip" not in content_encoding.lower():
        return body
    try:
        # No more is uncompressed than is asked for, whatever the body would grow to.
        content = gzip.GzipFile(fileobj=io.BytesIO(body)).read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise invalid_argument(f"The body is not the gzip that Content-Encoding promises: {error}") from error
    if len(content) > limit:
        raise too_large(limit)
    return content
