"""What a server is told when it starts."""

import os
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import grpc

from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.metrics import METRICS_PATH
from serving.server.models.graph_session import Parallelism
from serving.server.request_log import LogRequests
from serving.server.requests.limits import Limits

_MOST_CALLS_AT_ONCE = 512


class ReloadFrom(Enum):
    """Who may send another configuration of models, and so have the server read other folders."""

    ANYWHERE = "anywhere"
    SOCKET = "socket"
    NOWHERE = "nowhere"


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How models are served.

    Args:
        host: Address to listen on; only this machine can reach the default.
        port: gRPC port; 0 takes a free one.
        rest_port: REST port; 0 takes a free one, None opens none.
        rest_timeout_seconds: Time that the headers of a REST request have to arrive, then the rest of it, then the
            answer.
        rest_threads: REST calls that are answered at once; None chooses by processors and batching.
        rest_cors: Whether scripts of web pages, from wherever these come, may read what REST answers.
        grpc_threads: gRPC calls that are answered at once, likewise.
        parallelism: Threads of TensorFlow.
        metrics_path: Where the metrics are on the REST port; None for nowhere.
        grpc_health: Whether gRPC's health service is answered.
        grpc_socket_path: Unix socket that gRPC listens on too; None for none.
        grpc_channel_arguments: Options of the gRPC library for connections, such as grpc.max_connection_age_ms.
        credentials: Certificates of the gRPC port; None leaves it open. As in TF Serving, REST has none.
        batching: How concurrent requests are computed together; None computes each alone.
        limits: Largest requests.
        poll_seconds: Time between two looks for new versions; 0 or less looks once.
        allow_labels_for_unavailable: Whether a new label may name a version that is not loaded yet.
        warm_up: Whether a version answers the requests of its warm-up file before it is served.
        drain_seconds: Time that requests in flight have to end when the server stops.
        log_requests: Which requests are logged.
        reload_from: Who may send another configuration of models.
        max_connections: Most connections of each port.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    rest_port: int | None = None
    rest_timeout_seconds: float = 30.0
    rest_threads: int | None = None
    rest_cors: bool = False
    grpc_threads: int | None = None
    parallelism: Parallelism = field(default_factory=Parallelism)
    metrics_path: str | None = METRICS_PATH
    grpc_health: bool = True
    grpc_socket_path: Path | None = None
    grpc_channel_arguments: tuple[tuple[str, str | int], ...] = ()
    credentials: grpc.ServerCredentials | None = None
    batching: BatchingParameters | None = None
    limits: Limits = field(default_factory=Limits)
    poll_seconds: float = 1.0
    allow_labels_for_unavailable: bool = False
    warm_up: bool = True
    drain_seconds: float = 5.0
    log_requests: LogRequests = LogRequests.REFUSED
    reload_from: ReloadFrom = ReloadFrom.ANYWHERE
    max_connections: int = 1000

    def calls_at_once(self, threads: int | None) -> int:
        """Returns how many calls a port answers at once, where each waits in a thread of its own.

        Args:
            threads: What is said of the port; None has it chosen.
        """
        if threads is not None:
            return threads
        if self.batching is None:
            return 4 * (os.cpu_count() or 1)
        # Enough to fill a signature's queue, and one that is told so.
        batches = self.batching.num_batch_threads + max(self.batching.max_enqueued_batches, 1)
        return min(batches * self.batching.max_batch_size + 1, _MOST_CALLS_AT_ONCE)


@dataclass(frozen=True)
class ModelConfigFile:
    """A file of models.

    Args:
        path: Text-format ModelServerConfig.
        poll_seconds: Time between two looks for changes of it; 0 looks once.
    """

    path: Path
    poll_seconds: float = 0.0
