"""A server with batching on a free port, and what tests ask it."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server.batching.batch_scheduler import BatchScheduler
from serving.server.batching.batched_servable import BatchedServable
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.grpc_api.grpc_server import GrpcServer
from serving.server.models.model_config import ModelConfig
from serving.server.models.model_sources import FixedModels
from serving.server.models.model_store import ModelStore
from serving.server.requests.calls import Calls
from serving.server.rest.server import RestServer
from serving.server.settings import ServerSettings

MINUTE_MICROS = 60_000_000


@dataclass(frozen=True)
class BatchingServer:
    """Asks one model of a server; `ask` returns a call that goes on by itself."""

    stub: Any
    scheduler: BatchScheduler
    model: str
    servers: tuple[GrpcServer, RestServer]

    @property
    def rest_address(self) -> str:
        return self.servers[1].address

    def ask(
        self,
        inputs: Mapping[str, np.ndarray],
        signature: str = "",
        outputs: tuple[str, ...] = (),
        seconds: float = 60.0,
    ) -> Any:
        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name = self.model
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return self.stub.Predict.future(request, timeout=seconds)

    def wait_for_queued(self, count: int) -> None:
        until(lambda: self.scheduler.queued_requests == count)


@contextmanager
def batching_server(model_folder: Path, **parameters: Any) -> Iterator[BatchingServer]:
    """Serves the versions in a folder, batched with these parameters."""
    scheduler = BatchScheduler(BatchingParameters(**parameters))
    models = FixedModels({model_folder.name: ModelConfig(base_path=model_folder)})
    store = ModelStore(models, load=functools.partial(BatchedServable, scheduler=scheduler))
    calls = Calls(store)
    settings = ServerSettings(port=0, grpc_threads=32, rest_threads=32)
    servers = (GrpcServer(calls, settings), RestServer(calls, settings))
    scheduler.start()
    store.start()
    for server in servers:
        server.start()
    try:
        with grpc.insecure_channel(servers[0].address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            yield BatchingServer(stub, scheduler, model_folder.name, servers)
    finally:
        for server in servers:
            server.stop(0.0)
        scheduler.stop()
        store.stop()


def answer(call: Any) -> dict[str, np.ndarray]:
    """Waits for a call's outputs."""
    return {name: tf.make_ndarray(value) for name, value in call.result().outputs.items()}


def code_of(call: Any) -> grpc.StatusCode:
    """Waits for a call's status."""
    return call.code()


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds that another thread is about to bring about."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)
