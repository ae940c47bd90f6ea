"""Certificates of a server, of its client and of a stranger, made for the tests."""

import json
from pathlib import Path

import grpc
import trustme

AUTHORITY = trustme.CA()
SERVER = AUTHORITY.issue_cert("localhost")
CLIENT = AUTHORITY.issue_cert("client@shop.example")
STRANGER = trustme.CA().issue_cert("stranger@shop.example")


def write_config(tmp_path: Path, **fields: str | bool) -> Path:
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in fields.items())
    file = tmp_path / "ssl.config"
    file.write_text(text, encoding="utf-8")
    return file


def server_fields() -> dict[str, str | bool]:
    return {
        "server_key": SERVER.private_key_pem.bytes().decode(),
        "server_cert": SERVER.cert_chain_pems[0].bytes().decode(),
    }


def credentials(certificate: trustme.LeafCert | None = None) -> grpc.ChannelCredentials:
    root = AUTHORITY.cert_pem.bytes()
    if certificate is None:
        return grpc.ssl_channel_credentials(root)
    return grpc.ssl_channel_credentials(
        root, certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes()
    )
