"""Certificates of the gRPC port, read from the file that TF Serving's `--ssl_config_file` takes."""

import ssl
import tempfile
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, text_format

from serving.server.tf_serving_messages import message_class, scalar_field


class SslConfigError(ValueError):
    """A file of certificates that cannot be used; the message is for whoever wrote it."""


def read_ssl_config(path: Path) -> grpc.ServerCredentials:
    """Reads a text-format `tensorflow.serving.SSLConfig`.

    It holds the certificates themselves, as PEM: `server_key`, `server_cert`, and with `client_verify: true` also
    `custom_ca`, the authority whose clients alone are answered.

    Raises:
        SslConfigError: The file cannot be read, or lacks what it needs.
    """
    try:
        config: Any = text_format.Parse(path.read_text(encoding="utf-8"), _ssl_config())
    except (OSError, UnicodeDecodeError) as error:
        raise SslConfigError(f"{path}: the file of certificates cannot be read: {error}") from error
    except text_format.ParseError as error:
        # The library's message quotes the file, which holds a private key.
        raise SslConfigError(
            f'{path}: expected text-format SSLConfig such as `server_key: "-----BEGIN …" server_cert: "…"`; '
            f"wrong at line {error.GetLine()}"
        ) from None
    missing = [name for name in ("server_key", "server_cert") if not getattr(config, name)]
    if config.client_verify and not config.custom_ca:
        missing.append("custom_ca (because of client_verify)")
    if missing:
        raise SslConfigError(f"{path}: lacks {', '.join(missing)}")
    _check_certificates(path, config)
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


def _check_certificates(path: Path, config: Any) -> None:
    """Loads what gRPC would refuse only when it listens, without saying why."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as both:
        both.write(f"{config.server_key}\n{config.server_cert}\n")
        both.flush()
        try:
            # Without a password, or a key that has one would be asked for on the terminal.
            context.load_cert_chain(both.name, password=lambda: b"")
        except (ssl.SSLError, ValueError) as error:
            raise SslConfigError(f"{path}: server_key and server_cert are no pair of PEM that fits: {error}") from None
    try:
        if config.custom_ca:
            context.load_verify_locations(cadata=config.custom_ca)
    except ssl.SSLError as error:
        raise SslConfigError(f"{path}: custom_ca is no certificate in PEM: {error}") from None


def _ssl_config() -> Any:
    kind = descriptor_pb2.FieldDescriptorProto
    fields = [
        scalar_field("server_key", 1, kind.TYPE_STRING),
        scalar_field("server_cert", 2, kind.TYPE_STRING),
        scalar_field("custom_ca", 3, kind.TYPE_STRING),
        scalar_field("client_verify", 4, kind.TYPE_BOOL),
    ]
    return message_class("SSLConfig", fields)()
