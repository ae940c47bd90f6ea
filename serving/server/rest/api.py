"""TF Serving's REST API without the network: a request's method, path and body in, a status and a body out."""

import http
from dataclasses import dataclass

import grpc
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from tensorflow_serving.apis import classification_pb2, get_model_status_pb2, regression_pb2

from serving.server.call import Call
from serving.server.calls import Calls, as_status
from serving.server.errors import StatusError, invalid_argument
from serving.server.examples import classify, regress
from serving.server.model_information import SIGNATURE_DEF_FIELD, get_model_status, model_metadata, signature_map
from serving.server.models.graph_session import SignatureDef
from serving.server.models.servable import Servable
from serving.server.predict import compute
from serving.server.rest import answers
from serving.server.rest.examples import read_examples
from serving.server.rest.json_values import error_body, parse_object, signature_name
from serving.server.rest.paths import Target, target_of
from serving.server.rest.tensors import in_rows, read_inputs

# A client that went away gets nothing; its status is for the log.
CLIENT_CLOSED_REQUEST = 499
_HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: CLIENT_CLOSED_REQUEST,
    grpc.StatusCode.INVALID_ARGUMENT: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.FAILED_PRECONDITION: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.OUT_OF_RANGE: http.HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: http.HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: http.HTTPStatus.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: http.HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: http.HTTPStatus.CONFLICT,
    grpc.StatusCode.ABORTED: http.HTTPStatus.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: http.HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.UNIMPLEMENTED: http.HTTPStatus.NOT_IMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE: http.HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: http.HTTPStatus.GATEWAY_TIMEOUT,
}


@dataclass(frozen=True)
class Answer:
    """A status and a body of JSON."""

    status: int
    body: bytes


class RestApi:
    """Answers predict, classify, regress, status and metadata.

    Args:
        calls: Gives each call its model.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._methods = {
            "status": self._status,
            "metadata": self._metadata,
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
        }

    def answer(self, http_method: str, path: str, body: bytes, call: Call) -> Answer:
        """Answers one request, whatever it is.

        Args:
            http_method: GET, POST or another one.
            path: The path as it came, without the query.
            body: The body.
            call: Whoever waits for the answer.
        """
        try:
            target = target_of(http_method, path)
            with self._calls.watched(target.method, target.spec.name, call, body):
                return Answer(http.HTTPStatus.OK, self._methods[target.method](target, body, call))
        except Exception as error:
            return refused(as_status(error))

    def _status(self, target: Target, body: bytes, call: Call) -> bytes:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=target.spec)
        return _json(get_model_status(self._calls.store, request)).encode()

    def _metadata(self, target: Target, body: bytes, call: Call) -> bytes:
        with self._calls.store.use(target.spec) as servable:
            spec = _json(model_metadata(servable).model_spec)
            signatures = _json(signature_map(servable))
        return f'{{"model_spec":{spec},"metadata":{{"{SIGNATURE_DEF_FIELD}":{signatures}}}}}'.encode()

    def _predict(self, target: Target, body: bytes, call: Call) -> bytes:
        document = parse_object(body)
        name = signature_name(document)
        with self._calls.store.use(target.spec) as servable:
            signature = _signature(servable, name)
            rows = in_rows(document)
            inputs = read_inputs(document, signature.inputs)
            outputs = compute(servable, name, lambda _: inputs, (), call, self._calls.limits)
        return answers.predictions(outputs) if rows else answers.columns(outputs)

    def _classify(self, target: Target, body: bytes, call: Call) -> bytes:
        request = classification_pb2.ClassificationRequest(model_spec=target.spec)
        _read_examples(body, request)
        with self._calls.store.use(target.spec) as servable:
            return answers.classifications(classify(servable, request, call, self._calls.limits).result)

    def _regress(self, target: Target, body: bytes, call: Call) -> bytes:
        request = regression_pb2.RegressionRequest(model_spec=target.spec)
        _read_examples(body, request)
        with self._calls.store.use(target.spec) as servable:
            return answers.regressions(regress(servable, request, call, self._calls.limits).result)


def refused(error: StatusError) -> Answer:
    """Returns the answer to a request that is refused."""
    return Answer(_HTTP_STATUS.get(error.code, http.HTTPStatus.INTERNAL_SERVER_ERROR), error_body(error))


def _signature(servable: Servable, name: str) -> SignatureDef:
    name = name or "serving_default"
    signature = servable.signatures.get(name)
    if signature is None:
        raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name}")
    return signature


def _read_examples(
    body: bytes, request: classification_pb2.ClassificationRequest | regression_pb2.RegressionRequest
) -> None:
    document = parse_object(body)
    request.model_spec.signature_name = signature_name(document)
    request.input.CopyFrom(read_examples(document))


def _json(message: Message) -> str:
    return str(
        MessageToJson(message, indent=None, always_print_fields_with_no_presence=True, preserving_proto_field_name=True)
    )
