"""A stand-in of the REST API of Kubeflow Pipelines that takes what the real one would take.

Each body is read into the model that kfp_server_api has of it and written back, so that a field that is unknown or of
another type shows. Parameters are checked as backend/src/apiserver/template/v2_template.go does (2.17).
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as specs

_PREFIX = "/apis/v2beta1/"
_KINDS = {"STRING": str, "NUMBER_INTEGER": int | float, "NUMBER_DOUBLE": int | float}


class PipelinesServer(ThreadingHTTPServer):
    """Keeps the experiments and runs that it was sent, and the bearer tokens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.experiments: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def pipelines_server() -> Iterator[PipelinesServer]:
    """Serves on a free loopback port while the context lasts."""
    server = PipelinesServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: PipelinesServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == f"{_PREFIX}healthz":
            return self._answer(200, {"multi_user": False})
        if url.path != f"{_PREFIX}experiments":
            return self._answer(404, {"error": "Not Found"})
        (predicate,) = json.loads(parse_qs(url.query)["filter"][0])["predicates"]
        assert predicate["key"] == "display_name"
        found = [each for each in self.server.experiments if each["display_name"] == predicate["stringValue"]]
        return self._answer(200, {"experiments": found})

    def do_POST(self) -> None:
        self.server.tokens.add(self.headers.get("authorization"))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == f"{_PREFIX}experiments":
            _check_model(body, "V2beta1Experiment")
            self.server.experiments.append({**body, "experiment_id": f"experiment-{len(self.server.experiments)}"})
            return self._answer(200, self.server.experiments[-1])
        if self.path == f"{_PREFIX}runs":
            _check_model(body, "V2beta1Run")
            wrong = _wrong_parameters(body)
            if wrong:
                return self._answer(400, {"error": wrong, "code": 3, "message": wrong})
            self.server.runs.append({**body, "run_id": f"run-{len(self.server.runs)}"})
            return self._answer(200, self.server.runs[-1])
        return self._answer(404, {"error": "Not Found"})

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _check_model(body: dict[str, Any], model: str) -> None:
    client = kfp_server_api.ApiClient()
    read = client.deserialize(SimpleNamespace(data=json.dumps(body)), model)
    assert client.sanitize_for_serialization(read) == body


def _wrong_parameters(run: dict[str, Any]) -> str:
    spec = json_format.ParseDict(run["pipeline_spec"].get("pipeline_spec", run["pipeline_spec"]), specs.PipelineSpec())
    given = run["runtime_config"].get("parameters", {})
    declared = spec.root.input_definitions.parameters
    for name, parameter in declared.items():
        kind = specs.ParameterType.ParameterTypeEnum.Name(parameter.parameter_type)
        if name not in given and not parameter.HasField("default_value"):
            return f"parameter {name} is not optional, yet has neither default value nor user provided value"
        if name in given and not isinstance(given[name], _KINDS[kind]):
            return f"input parameter {name} requires type {kind}"
    unknown = given.keys() - declared.keys()
    return f"parameter(s) provided are not required by pipeline: {', '.join(unknown)}" if unknown else ""
