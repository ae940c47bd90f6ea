"""TF Serving's PredictionService by gRPC."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)
from typing_extensions import override

from serving.server.errors import invalid_argument
from serving.server.grpc_api.grpc_errors import answer
from serving.server.models.servable import Servable
from serving.server.requests.call import Call
from serving.server.requests.calls import Calls
from serving.server.requests.examples import classify, multi_inference, regress
from serving.server.requests.limits import Limits
from serving.server.requests.model_information import check_metadata_request, model_metadata
from serving.server.requests.predict import predict

Response = TypeVar("Response")


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference and GetModelMetadata.

    Args:
        calls: Gives each call its model.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @override
    def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Computes outputs of a signature."""
        return self._answer("Predict", predict, request, context)

    @override
    def Classify(
        self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Computes classes and scores of examples."""
        return self._answer("Classify", classify, request, context)

    @override
    def Regress(
        self, request: regression_pb2.RegressionRequest, context: grpc.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Computes a number for each example."""
        return self._answer("Regress", regress, request, context)

    @override
    def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Answers several tasks of one model about the same examples."""
        return self._answer("MultiInference", multi_inference, request, context)

    @override
    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a version."""

        def handle() -> get_model_metadata_pb2.GetModelMetadataResponse:
            spec = request.model_spec
            with self._calls.watched("GetModelMetadata", spec.name, self._call(context), request):
                check_metadata_request(request)
                with self._calls.store.use(spec) as servable:
                    return model_metadata(servable)

        return answer(context, handle)

    def _answer(
        self,
        api: str,
        compute: Callable[[Servable, Any, Call, Limits], Response],
        request: Any,
        context: grpc.ServicerContext,
    ) -> Response:
        call = self._call(context)

        def handle() -> Response:
            spec = _model_spec(request)
            with self._calls.watched(api, spec.name, call, request):
                _check_model_spec(request)
                with self._calls.store.use(spec) as servable:
                    return compute(servable, request, call, self._calls.limits)

        try:
            return answer(context, handle)
        finally:
            # The answer is there until the client has it, and the client may take its time.
            if not context.add_callback(lambda: call.share.shrink_to(0)):
                call.share.shrink_to(0)

    def _call(self, context: grpc.ServicerContext) -> Call:
        seconds = context.time_remaining()
        deadline = None if seconds is None else time.monotonic() + seconds
        return Call(deadline=deadline, on_gone=context.add_callback, peer=context.peer, share=self._calls.share())


def _model_spec(request: Any) -> model_pb2.ModelSpec:
    if isinstance(request, inference_pb2.MultiInferenceRequest):
        # All tasks are about the model of the first one.
        return request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
    return request.model_spec


def _check_model_spec(request: Any) -> None:
    if not isinstance(request, inference_pb2.MultiInferenceRequest) and not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
