from pathlib import Path

from tools.setup_process import Runner
from tools.setup_variables import child_variables, index_variables, pip_settings


def test_misleading_variables_are_left_out() -> None:
    given = {"HOME": "/home/x", "PYTHONDONTWRITEBYTECODE": "1", "VIRTUAL_ENV": "/v", "UV_SYSTEM_PYTHON": "1"}
    variables = child_variables(given)
    assert variables["HOME"] == "/home/x"
    assert not variables.keys() & {"PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "UV_SYSTEM_PYTHON"}


def test_one_certificate_file_serves_pip_and_uv(tmp_path: Path) -> None:
    file = tmp_path / "certificates.pem"
    file.write_text("", "utf-8")
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        variables = child_variables({name: str(file)})
        assert (variables["SSL_CERT_FILE"], variables["PIP_CERT"]) == (str(file), str(file))
    assert "PIP_CERT" not in child_variables({"SSL_CERT_FILE": str(tmp_path / "missing.pem")})


def test_pip_settings_by_precedence() -> None:
    listing = (
        ":env:.index-url='https://env.example.org/simple'\nglobal.cert='/etc/ca.pem'\n"
        "global.index-url='https://global.example.org/simple'\ninstall.index-url='https://install.example.org/simple'\n"
    )
    assert pip_settings(listing) == {"index-url": "https://env.example.org/simple", "cert": "/etc/ca.pem"}
    assert pip_settings("") == {}


def test_uv_gets_pips_index_unless_it_has_one(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho \"global.index-url='https://index.example.org/simple'\"\n", "utf-8")
    python.chmod(0o755)
    plain = Runner(tmp_path / "log", {"PATH": "/usr/bin:/bin"}, None)
    assert index_variables(plain, python) == {"UV_DEFAULT_INDEX": "https://index.example.org/simple"}
    chosen = Runner(tmp_path / "log", {"PATH": "/usr/bin:/bin", "UV_INDEX_URL": "https://own.example.org"}, None)
    assert index_variables(chosen, python) == {}
