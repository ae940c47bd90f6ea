"""The environment variables of the programs that the set-up runs."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from tools.setup_process import Runner

# These would lead an installer to another environment than the one that it is told to fill.
_MISLEADING = {
    "CONDA_PREFIX",
    "PIP_PREFIX",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "VIRTUAL_ENV",
}
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def child_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables without misleading ones, and with one certificate file for pip and uv alike."""
    kept = {name: value for name, value in variables.items() if name not in _MISLEADING}
    # Messages in English are what explain_failure() knows.
    kept |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "LC_ALL": "C.UTF-8"}
    certificates = [kept[name] for name in _CERTIFICATE_VARIABLES if os.path.isfile(kept.get(name, ""))]
    if certificates:
        kept.setdefault("SSL_CERT_FILE", certificates[0])
        kept.setdefault("PIP_CERT", certificates[0])
    return kept


def index_variables(runner: Runner, python: Path) -> dict[str, str]:
    """Returns what makes uv use the package index that pip is configured for, since uv does not read that."""
    variables = runner.environment_variables
    command: list[str | Path] = [python, "-m", "pip", "config", "list"]
    configured = pip_settings(runner.run(command, "reading pip's settings", may_fail=True))
    found = {}
    if "index-url" in configured and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & variables.keys():
        found["UV_DEFAULT_INDEX"] = configured["index-url"]
    if "cert" in configured and "SSL_CERT_FILE" not in variables:
        found["SSL_CERT_FILE"] = configured["cert"]
    return found


def pip_settings(listing: str) -> dict[str, str]:
    """Reads what `pip config list` prints; the environment goes before `[install]`, and that before `[global]`."""
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        settings |= dict(re.findall(rf"^{section}\.([\w-]+)='(.*)'$", listing, re.MULTILINE))
    return settings
