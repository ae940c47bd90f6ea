"""TF Serving's ModelService by gRPC."""

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc
from typing_extensions import override

from serving.server.errors import StatusError, invalid_argument
from serving.server.grpc_errors import answer
from serving.server.model_store import ModelStore


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus; HandleReloadConfigRequest answers UNIMPLEMENTED.

    Args:
        store: The models.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store

    @override
    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Reports where the versions of a model stand."""
        return answer(context, lambda: get_model_status(self._store, request))


def get_model_status(
    store: ModelStore, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """Answers GetModelStatus, whatever the protocol; a version label is ignored, as TF Serving does.

    Raises:
        StatusError: INVALID_ARGUMENT without a model spec, NOT_FOUND for an unknown model or version.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    spec = request.model_spec
    states = store.states(spec.name)
    if spec.HasField("version"):
        version = spec.version.value
        if version not in states:
            raise StatusError(grpc.StatusCode.NOT_FOUND, f"Could not find version {version} of model {spec.name}")
        states = {version: states[version]}
    if not states:
        raise StatusError(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {spec.name}")
    response = get_model_status_pb2.GetModelStatusResponse()
    for version in sorted(states, reverse=True):
        state = states[version]
        status = response.model_version_status.add(version=version, state=state.state)
        if state.error is not None:
            status.status.error_code = state.error.number
            status.status.error_message = state.error.message
    return response
