"""TLS and mutual TLS with the certificates of a file, over a real port."""

from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from serving.server.grpc_api.grpc_server import GrpcServer
from serving.server.grpc_api.ssl_config import SslConfigError, read_ssl_config
from serving.server.models.model_store import ModelStore
from serving.server.requests.calls import Calls
from serving.server.settings import ServerSettings
from tests.serving.server.grpc_api.certificates import (
    AUTHORITY,
    CLIENT,
    STRANGER,
    credentials,
    server_fields,
    write_config,
)


def answered(config: Path, credentials: grpc.ChannelCredentials | None) -> grpc.StatusCode:
    """Asks a server without models; NOT_FOUND is an answer, UNAVAILABLE is none."""
    settings = ServerSettings(host="localhost", port=0, credentials=read_ssl_config(config))
    server = GrpcServer(Calls(ModelStore(dict)), settings)
    server.start()
    target = f"localhost:{server.port}"
    try:
        channel = grpc.insecure_channel(target) if credentials is None else grpc.secure_channel(target, credentials)
        with channel:
            request = get_model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = "m"
            code: grpc.StatusCode = (
                model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus.future(request, timeout=20).code()
            )
            return code
    finally:
        server.stop(0.0)


def test_tls(tmp_path: Path) -> None:
    config = write_config(tmp_path, **server_fields())
    assert answered(config, credentials()) is grpc.StatusCode.NOT_FOUND
    assert answered(config, None) is grpc.StatusCode.UNAVAILABLE


def test_mutual_tls(tmp_path: Path) -> None:
    authority = AUTHORITY.cert_pem.bytes().decode()
    config = write_config(tmp_path, **server_fields(), custom_ca=authority, client_verify=True)
    assert answered(config, credentials(CLIENT)) is grpc.StatusCode.NOT_FOUND
    assert answered(config, credentials()) is grpc.StatusCode.UNAVAILABLE
    assert answered(config, credentials(STRANGER)) is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"server_key": "k"}, "lacks server_cert"),
        ({"server_key": "k", "server_cert": "c", "client_verify": True}, "lacks custom_ca"),
    ],
)
def test_a_file_that_lacks_something_is_refused(tmp_path: Path, fields: dict[str, str | bool], message: str) -> None:
    with pytest.raises(SslConfigError, match=message):
        read_ssl_config(write_config(tmp_path, **fields))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    fields = server_fields() | {"server_key": STRANGER.private_key_pem.bytes().decode()}
    with pytest.raises(SslConfigError, match="no pair"):
        read_ssl_config(write_config(tmp_path, **fields))
    with pytest.raises(SslConfigError, match="no pair"):
        read_ssl_config(write_config(tmp_path, server_key="no PEM", server_cert="no PEM"))
    with pytest.raises(SslConfigError, match="custom_ca is no certificate"):
        read_ssl_config(write_config(tmp_path, **server_fields(), custom_ca="no PEM", client_verify=True))


def test_a_damaged_file_is_refused_without_quoting_it(tmp_path: Path) -> None:
    file = tmp_path / "ssl.config"
    file.write_text('server_key: "SECRET', encoding="utf-8")
    with pytest.raises(SslConfigError, match="expected text-format SSLConfig") as raised:
        read_ssl_config(file)
    assert "SECRET" not in str(raised.value)
    with pytest.raises(SslConfigError, match="cannot be read"):
        read_ssl_config(tmp_path / "none")
