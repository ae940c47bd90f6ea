"""How the client reaches a server: one channel, its limits, and what is tried again."""

import json
from dataclasses import dataclass
from typing import Any

import grpc

_PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
_SERVICES = (_PREDICTION_SERVICE, "tensorflow.serving.ModelService")
# The methods' whole names.
PREDICT = f"/{_PREDICTION_SERVICE}/Predict"
METADATA = f"/{_PREDICTION_SERVICE}/GetModelMetadata"
# Room for the answers of a thousand rows; a parser makes some sixteen times as many bytes of the worst message.
MAX_MESSAGE_BYTES = 16 * 2**20
# The whole of a request is idempotent, and UNAVAILABLE says that it was not answered: nothing listens, a version is
# being changed, or a queue is full. gRPC itself waits between the attempts, each time a random part of a time that
# doubles, and never beyond the deadline (gRFC A6).
_RETRIES = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# A server that comes back is found within this time, not gRPC's two minutes.
_MOST_RECONNECT_MS = 500


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where a server is and how it is talked to.

    Attributes:
        address: HOST:PORT of the gRPC port.
        timeout_seconds: How long each call may take, with all its attempts.
        max_message_bytes: Largest message that is sent or taken; -1 for any.
        retries: Whether calls that end with UNAVAILABLE are tried again, at most four times.
        credentials: What TLS needs, such as `grpc.ssl_channel_credentials(...)`; None for a plain connection.
    """

    address: str
    timeout_seconds: float = 10.0
    max_message_bytes: int = MAX_MESSAGE_BYTES
    retries: bool = True
    credentials: grpc.ChannelCredentials | None = None

    def open(self, api: Any = grpc) -> Any:
        """Returns a channel of `api`, which is `grpc` or `grpc.aio`; nothing is sent until a call needs it."""
        if self.credentials is None:
            return api.insecure_channel(self.address, options=self._options())
        return api.secure_channel(self.address, self.credentials, options=self._options())

    def _options(self) -> list[tuple[str, Any]]:
        methods = [{"name": [{"service": service} for service in _SERVICES], "retryPolicy": _RETRIES}]
        return [
            ("grpc.max_receive_message_length", self.max_message_bytes),
            ("grpc.max_send_message_length", self.max_message_bytes),
            ("grpc.enable_retries", int(self.retries)),
            ("grpc.service_config", json.dumps({"methodConfig": methods if self.retries else []})),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", _MOST_RECONNECT_MS),
        ]
