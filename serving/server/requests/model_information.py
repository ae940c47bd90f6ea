"""GetModelStatus, GetModelMetadata and HandleReloadConfigRequest, whatever the protocol they came by."""

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
)

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.model_config import model_configs
from serving.server.models.model_store import ModelStore
from serving.server.models.servable import Servable
from serving.signature_names import SIGNATURE_DEF_FIELD


def get_model_status(
    store: ModelStore, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """Reports where the versions of a model stand; a version label is ignored, as TF Serving does.

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
        status = response.model_version_status.add(version=version, state=state.state).status
        # The message is there also where all is well.
        status.SetInParent()
        if state.error is not None:
            status.error_code = state.error.number
            status.error_message = state.error.message
    return response


def check_metadata_request(request: get_model_metadata_pb2.GetModelMetadataRequest) -> None:
    """Checks what is asked before the model is looked for.

    Raises:
        StatusError: INVALID_ARGUMENT for anything but signatures.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    if not request.metadata_field:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for metadata_field in request.metadata_field:
        if metadata_field != SIGNATURE_DEF_FIELD:
            raise invalid_argument(f"Metadata field {metadata_field} is not supported")


def signature_map(servable: Servable) -> get_model_metadata_pb2.SignatureDefMap:
    """Returns the signatures of a version."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    return signatures


def model_metadata(servable: Servable) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Describes the signatures of a version."""
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.metadata[SIGNATURE_DEF_FIELD].Pack(signature_map(servable))
    return response


def reload_config(
    store: ModelStore, request: model_management_pb2.ReloadConfigRequest, asked_by: str
) -> model_management_pb2.ReloadConfigResponse:
    """Serves the models of a new configuration; one that is no list of models changes nothing.

    Args:
        store: The models.
        request: The configuration.
        asked_by: Address of the client, for the log.

    Raises:
        StatusError: The configuration cannot be used; then nothing changes, unless it is a new model that cannot be
            loaded (UNKNOWN).
    """
    kind = request.config.WhichOneof("config")
    if kind != "model_config_list":
        raise invalid_argument(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
            "supported"
        )
    store.reload(model_configs(request.config), asked_by)
    response = model_management_pb2.ReloadConfigResponse()
    response.status.SetInParent()
    return response
