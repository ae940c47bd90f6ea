"""Who may ask what."""

import hashlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from tests.tfx_pipeline.gateway.conftest import SHOP
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.gateway.options import ApiKey, GatewayOptions, Role

PROJECT = Path(__file__).resolve().parents[3]
EVENT = {"user_id": "u", "product_id": "P001", "event_type": "view"}


def key(name: str, *roles: Role, rate: float = 1000.0) -> ApiKey:
    digest = hashlib.sha256(f"{name}-key".encode()).hexdigest()
    return ApiKey(name=name, sha256=digest, roles=roles, requests_per_second=rate)


def test_roles_say_what_a_key_may(tmp_path: Path, catalogue: Path) -> None:
    keys = (key("reader", "read"), key("sender", "events"), key("officer", "delete"), key("slow", "read", rate=2.0))
    options = GatewayOptions(keys=keys, timeout_seconds=1.0)
    asks = {
        "read": ("GET", "/users/u/recommendations"),
        "events": ("POST", "/events"),
        "delete": ("DELETE", "/users/u"),
    }
    with running_gateway(tmp_path, "127.0.0.1:9", options, SHOP, catalogues=(catalogue,)) as gateway:

        def ask(role: str, headers: dict[str, str]) -> httpx.Response:
            method, path = asks[role]
            return gateway.http.request(method, path, json=EVENT if method == "POST" else None, headers=headers)

        for name, may in (("reader", "read"), ("sender", "events"), ("officer", "delete")):
            for role in asks:
                for headers in ({"Authorization": f"Bearer {name}-key"}, {"X-API-Key": f"{name}-key"}):
                    status = ask(role, headers).status_code
                    assert status == 403 if role != may else status in (200, 202)
        assert "has no role `events`, only read" in ask("events", {"X-API-Key": "reader-key"}).json()["error"]
        assert ask("delete", {"X-API-Key": "other"}).status_code == 401
        assert ask("read", {}).status_code == 401
        # Whether it lives may be asked by anybody, what it counts may not.
        assert gateway.http.get("/health").status_code == 200
        assert gateway.http.get("/metrics").status_code == 401
        statuses = [ask("read", {"X-API-Key": "slow-key"}).status_code for _ in range(6)]
        assert statuses[:2] == [200, 200]
        assert 429 in statuses
        # One key's haste is not another's.
        assert ask("read", {"X-API-Key": "reader-key"}).status_code == 200


def test_without_keys_only_this_machine_by_its_own_name_may(gateway: Running) -> None:
    for host, status in (("localhost", 200), ("127.0.0.1:1", 200), ("[::1]", 200), ("shop.example", 403)):
        answer = gateway.http.get("/users/u/recommendations", headers={"Host": host})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "set `gateway.keys`"),
        (["--host", "shop.example"], "set `gateway.keys`"),
        (["--set", "gateway.explore=2"], "`gateway.explore`"),
        (["--set", "gateway.keys=[{name: a, sha256: b}]"], "`gateway.keys"),
        (["--set", "gateway.certificate=/nowhere.pem", "--models", "127.0.0.1:9", "--port", "0"], "/nowhere.pem"),
    ],
)
def test_what_cannot_be_used_is_one_message(tmp_path: Path, arguments: list[str], words: str) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("tables: {events: e.csv}\ntext: false\ntasks: {recommendation: }\n")
    done = CliRunner().invoke(app, ["gateway", "--config", str(config), "--root", str(tmp_path), *arguments])
    assert isinstance(done.exception, ConfigError | InputError)
    assert words in str(done.exception)


def test_a_root_without_a_run_is_one_message(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["gateway", "--root", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert "run the pipeline with" in str(done.exception)


def test_the_gateway_loads_no_tensorflow() -> None:
    program = (
        "import sys, tfx_pipeline.commands.gateway_command, tfx_pipeline.gateway.store.redis_store;"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'keras', 'tfx_bsl'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr[-2000:]
