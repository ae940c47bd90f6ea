"""Who may ask what, and how much."""

import functools
import hashlib
import ipaddress
import time
from collections.abc import Sequence

from fastapi import Request

from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.options import ApiKey, Role

_SCHEME = "bearer "


class Bucket:
    """Lets a number of requests a second pass in the long run, and a second's worth at once.

    Args:
        per_second: How many.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second, self._most = per_second, max(per_second, 1.0)
        self._left, self._filled_at = self._most, time.monotonic()

    def take(self) -> bool:
        """Takes one; returns whether there was one."""
        now = time.monotonic()
        self._left = min(self._left + (now - self._filled_at) * self._per_second, self._most)
        self._filled_at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Access:
    """Decides who may ask.

    Args:
        keys: Who may; without any, only this machine, which may everything.
    """

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = {key.sha256: (key, Bucket(key.requests_per_second)) for key in keys}

    def check(self, request: Request, role: Role) -> None:
        """Raises Refused where a request may not do what a role is needed for."""
        if not self._keys:
            if not (_is_local(request) and is_loopback(_asked_host(request))):
                raise Refused(
                    403, "This gateway has no `gateway.keys`, so only its own machine may ask; configure a key."
                )
            return
        given = _given_key(request)
        if not given:
            raise Refused(401, "Send your key in the header `Authorization: Bearer KEY`, or in `X-API-Key`.")
        # Looked up by its digest: how long that takes says nothing of a key.
        known = self._keys.get(hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest())
        if known is None:
            raise Refused(401, "This key is not known here.")
        key, bucket = known
        if role not in key.roles:
            raise Refused(403, f"The key `{key.name}` has no role `{role}`, only {', '.join(key.roles) or 'none'}.")
        if not bucket.take():
            raise Refused(429, f"The key `{key.name}` may send {key.requests_per_second:g} requests a second.", 1)


def _is_local(request: Request) -> bool:
    # A connection by a Unix socket has no address.
    return request.client is None or is_loopback(request.client.host)


def _asked_host(request: Request) -> str:
    # `request.url` would put a whole address together, and take it apart again, for each request.
    host = request.headers.get("host", "").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.rpartition(":")[0] or host


@functools.lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine; another name may be one that a stranger's page has it take."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given_key(request: Request) -> str:
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(_SCHEME):
        return authorization[len(_SCHEME) :].strip()
    return request.headers.get("x-api-key", "")
