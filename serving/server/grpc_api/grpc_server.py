"""The gRPC port of the embedded server."""

from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.grpc_api.bounded_calls import AWAITED_MESSAGES, BoundedCalls
from serving.server.grpc_api.model_service import ModelService
from serving.server.grpc_api.prediction_service import PredictionService
from serving.server.requests.calls import Calls
from serving.server.settings import ServerSettings

# What TF Serving's health service calls them; "" is the whole server.
_HEALTHY = ("", "PredictionService", "ModelService")
_MOST = 2**31 - 1
_HANDSHAKE_MS, _IDLE_MS, _KEEPALIVE_MS = 20_000, 600_000, 30_000


class GrpcServer:
    """Answers TF Serving's services, and gRPC's health service.

    Args:
        calls: Gives each call its model.
        settings: Where and how; what they say of REST is not looked at.

    Raises:
        OSError: The port is taken or may not be used.
    """

    def __init__(self, calls: Calls, settings: ServerSettings) -> None:
        options = [
            # Of more than 1,000 calls that no thread has looked at yet, as after a pause of the machine, gRPC would end
            # some at random, with CANCELLED and no word. They end by their deadlines here.
            ("grpc.server.max_pending_requests", _MOST),
            ("grpc.server.max_pending_requests_hard_limit", _MOST),
            # Connections that never speak, that say nothing for long, or whose other end is gone.
            ("grpc.max_allowed_incoming_connections", settings.max_connections),
            ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
            ("grpc.max_connection_idle_ms", _IDLE_MS),
            ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", _KEEPALIVE_MS),
            *settings.grpc_channel_arguments,
            # Two servers on one port would take turns at the requests without anybody noticing.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", calls.limits.message_bytes),
            ("grpc.max_send_message_length", -1),
        ]
        at_once = settings.calls_at_once(settings.grpc_threads)
        self._bounded = BoundedCalls(calls, at_once, settings.rest_timeout_seconds)
        executor = futures.ThreadPoolExecutor(at_once + AWAITED_MESSAGES, thread_name_prefix="grpc")
        self._server = grpc.server(executor, interceptors=[self._bounded], options=options)
        # Whoever watches must not hold one of the threads that answer calls.
        self._health = health.HealthServicer(experimental_non_blocking=True)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(calls), self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(calls, settings.reload_from), self._server
        )
        if settings.grpc_health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        bracketed = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.port = self._listen(f"{bracketed}:{settings.port}", settings.credentials)
        self.address = f"{bracketed}:{self.port}"
        if settings.grpc_socket_path is not None:
            self._listen(f"unix:{settings.grpc_socket_path}", settings.credentials)

    def start(self) -> None:
        """Begins to answer."""
        for service in _HEALTHY:
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        self._bounded.start()
        self._server.start()

    def stop(self, drain_seconds: float) -> None:
        """Takes no more calls, waits up to `drain_seconds` for those in flight, and closes the port."""
        self._health.enter_graceful_shutdown()
        self._server.stop(drain_seconds).wait()
        self._bounded.stop()

    def _listen(self, target: str, credentials: grpc.ServerCredentials | None) -> int:
        try:
            if credentials is None:
                return int(self._server.add_insecure_port(target))
            return int(self._server.add_secure_port(target, credentials))
        except RuntimeError as error:
            raise OSError(f"Cannot listen on {target}: it is taken, or may not be used.") from error
