"""TF Serving's REST API without the network: a request's method, path and body in, a status and a body out."""

import http
from typing import Any
from weakref import WeakKeyDictionary

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from tensorflow_serving.apis import classification_pb2, get_model_status_pb2, regression_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.graph_session import SignatureDef
from serving.server.models.servable import Servable
from serving.server.requests.call import Call
from serving.server.requests.calls import Calls
from serving.server.requests.examples import classify, regress
from serving.server.requests.model_information import get_model_status, model_metadata, signature_map
from serving.server.requests.predict import compute
from serving.server.rest import answers
from serving.server.rest.bodies import uncompressed
from serving.server.rest.examples import read_examples
from serving.server.rest.json_values import parse_object, signature_name
from serving.server.rest.paths import Target, target_of
from serving.server.rest.refusals import HttpAnswer, refused
from serving.server.rest.tensors import in_rows, read_inputs
from serving.signature_names import SERVING_DEFAULT, SIGNATURE_DEF_FIELD


class RestApi:
    """Answers predict, classify, regress, status and metadata.

    Args:
        calls: Gives each call its model.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        # Written once for each version: it takes long beside the request, and never changes.
        self._metadata_of: WeakKeyDictionary[Servable, bytes] = WeakKeyDictionary()
        self._methods = {
            "status": self._status,
            "metadata": self._metadata,
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
        }

    def answer(self, http_method: str, path: str, body: bytes, call: Call, content_encoding: str = "") -> HttpAnswer:
        """Answers one request, whatever it is.

        Args:
            http_method: GET, POST or another one.
            path: The path as it came, and the query.
            body: The body as it came.
            call: Whoever waits for the answer.
            content_encoding: The header that says how the body is compressed; "" if there is none.
        """
        try:
            target = target_of(http_method, path)
            content = uncompressed(body, content_encoding, self._calls.limits.message_bytes)
        except Exception as error:
            return self.refuse(error, call, f"{http_method} {path}")
        try:
            with self._calls.watched(target.method, target.spec.name, call, content):
                return HttpAnswer(http.HTTPStatus.OK, self._methods[target.method](target, content, call))
        except StatusError as error:
            return refused(error)

    def refuse(self, error: Exception, call: Call, first_line: str = "") -> HttpAnswer:
        """Answers a request that is refused before it is known what it asks for.

        Args:
            error: What is wrong with it.
            call: Whoever waits for the answer.
            first_line: The request's method and path.
        """
        return refused(self._calls.refuse(error, call, first_line))

    def _status(self, target: Target, body: bytes, call: Call) -> bytes:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=target.spec)
        return _json(get_model_status(self._calls.store, request)).encode()

    def _metadata(self, target: Target, body: bytes, call: Call) -> bytes:
        with self._calls.store.use(target.spec) as servable:
            written = self._metadata_of.get(servable)
            if written is None:
                spec = _json(model_metadata(servable).model_spec)
                signatures = _json(signature_map(servable))
                written = f'{{"model_spec":{spec},"metadata":{{"{SIGNATURE_DEF_FIELD}":{signatures}}}}}'.encode()
                self._metadata_of[servable] = written
            return written

    def _predict(self, target: Target, body: bytes, call: Call) -> bytes:
        document = self._document(body, call)
        name = signature_name(document)
        with self._calls.store.use(target.spec) as servable:
            signature = _signature(servable, name)
            rows = in_rows(document)
            inputs = read_inputs(document, signature.inputs, self._calls.limits)
            outputs = compute(servable, name, lambda _: inputs, (), call, self._calls.limits)
        return answers.predictions(outputs) if rows else answers.columns(outputs)

    def _classify(self, target: Target, body: bytes, call: Call) -> bytes:
        request = classification_pb2.ClassificationRequest(model_spec=target.spec)
        self._read_examples(body, request, call)
        with self._calls.store.use(target.spec) as servable:
            return answers.classifications(classify(servable, request, call, self._calls.limits).result)

    def _regress(self, target: Target, body: bytes, call: Call) -> bytes:
        request = regression_pb2.RegressionRequest(model_spec=target.spec)
        self._read_examples(body, request, call)
        with self._calls.store.use(target.spec) as servable:
            return answers.regressions(regress(servable, request, call, self._calls.limits).result)

    def _document(self, body: bytes, call: Call) -> dict[str, Any]:
        call.share.grow_to(self._calls.limits.check_document(body))
        return parse_object(body)

    def _read_examples(
        self,
        body: bytes,
        request: classification_pb2.ClassificationRequest | regression_pb2.RegressionRequest,
        call: Call,
    ) -> None:
        document = self._document(body, call)
        request.model_spec.signature_name = signature_name(document)
        request.input.CopyFrom(read_examples(document, self._calls.limits))


def _signature(servable: Servable, name: str) -> SignatureDef:
    name = name or SERVING_DEFAULT
    signature = servable.signatures.get(name)
    if signature is None:
        raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name}")
    return signature


def _json(message: Message) -> str:
    return str(
        MessageToJson(message, indent=None, always_print_fields_with_no_presence=True, preserving_proto_field_name=True)
    )
