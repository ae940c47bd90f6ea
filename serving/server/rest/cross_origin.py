"""Cross-origin resource sharing, as in TF Serving: whether a browser lets a web page of another origin ask this server.

The protocol is https://fetch.spec.whatwg.org/#http-cors-protocol.
"""

import re

import grpc

from serving.server.errors import StatusError

# They go with every answer below /v1/, also with one that refuses: a page may read why.
CROSS_ORIGIN_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_ORIGIN = re.compile("https?://")


def check_preflight(origin: str) -> None:
    """Checks the request by which a browser asks whether a page may send another one.

    Args:
        origin: The header of that name; "" if there is none.

    Raises:
        StatusError: FAILED_PRECONDITION with TF Serving's message, if no web page asks.
    """
    if _ORIGIN.search(origin) is None:
        raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, "Origin header is missing in CORS preflight")
