"""TF Serving's ModelService by gRPC."""

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, model_service_pb2_grpc
from typing_extensions import override

from serving.server.errors import StatusError
from serving.server.grpc_api.grpc_errors import answer
from serving.server.requests.call import Call
from serving.server.requests.calls import Calls
from serving.server.requests.model_information import get_model_status, reload_config
from serving.server.settings import ReloadFrom


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest.

    Args:
        calls: Gives each call its model.
        reload_from: Who may send a configuration.
    """

    def __init__(self, calls: Calls, reload_from: ReloadFrom = ReloadFrom.ANYWHERE) -> None:
        self._calls = calls
        self._reload_from = reload_from

    @override
    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Reports where the versions of a model stand."""

        def handle() -> get_model_status_pb2.GetModelStatusResponse:
            with self._calls.watched("GetModelStatus", request.model_spec.name, Call(peer=context.peer), request):
                return get_model_status(self._calls.store, request)

        return answer(context, handle)

    @override
    def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serves other models from now on."""

        def handle() -> model_management_pb2.ReloadConfigResponse:
            with self._calls.watched("HandleReloadConfigRequest", "", Call(peer=context.peer), request):
                self._check_may_reload(context.peer())
                return reload_config(self._calls.store, request, context.peer())

        return answer(context, handle)

    def _check_may_reload(self, peer: str) -> None:
        by_socket = peer.startswith("unix:")
        if self._reload_from is ReloadFrom.NOWHERE or (self._reload_from is ReloadFrom.SOCKET and not by_socket):
            raise StatusError(
                grpc.StatusCode.PERMISSION_DENIED,
                "This server takes no configuration from here (--disable_model_reload, --model_reload_by_socket_only).",
            )
