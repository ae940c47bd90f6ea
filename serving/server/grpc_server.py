"""The gRPC port of the embedded server."""

import os
from concurrent import futures

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.model_service import ModelService
from serving.server.model_store import ModelStore
from serving.server.prediction_service import PredictionService

MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class GrpcServer:
    """Answers TF Serving's services for the models of a store.

    Args:
        store: The models; started and stopped by whoever made it.
        host: Address to listen on; only this machine can reach the default.
        port: Port to listen on; 0 takes a free one.
        threads: Calls that are answered at once.
        max_message_bytes: Largest request.

    Raises:
        OSError: The port is taken or may not be used.
    """

    def __init__(
        self,
        store: ModelStore,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        options = [
            # Two servers on one port would take turns at the requests without anybody noticing.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.max_send_message_length", -1),
        ]
        executor = futures.ThreadPoolExecutor(threads or 4 * (os.cpu_count() or 1), thread_name_prefix="grpc")
        self._server = grpc.server(executor, options=options)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(store), self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(store), self._server)
        bracketed = f"[{host}]" if ":" in host else host
        try:
            bound = self._server.add_insecure_port(f"{bracketed}:{port}")
        except RuntimeError as error:
            raise OSError(f"Cannot listen on {bracketed}:{port}: is it taken? Give another port, or 0.") from error
        self.port = bound
        self.address = f"{bracketed}:{bound}"

    def start(self) -> None:
        """Begins to answer."""
        self._server.start()

    def stop(self, drain_seconds: float) -> None:
        """Takes no more calls, waits up to `drain_seconds` for those in flight, and closes the port."""
        self._server.stop(drain_seconds).wait()
