"""The gateway as a process: by TLS, killed and come back, stopped in peace."""

import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
import trustme

PROJECT = Path(__file__).resolve().parents[3]
EVENT = {"user_id": "anna-somebody", "product_id": "P001", "event_type": "view"}
CONFIG = "tables: {events: e.csv}\ntext: false\ntasks: {recommendation: }\n"


@contextmanager
def started(root: Path, *settings: str, before: tuple[str, ...] = ()) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Starts `shelfwise gateway` on a free port, behind a command that starts others; yields address and process."""
    (root / "shop.yaml").write_text(CONFIG)
    command = [
        sys.executable,
        "-m",
        "tfx_pipeline",
        "gateway",
        "--root",
        str(root),
        "--config",
        str(root / "shop.yaml"),
    ]
    command += ["--models", "127.0.0.1:9", "--port", "0"]
    command += [*(word for each in settings for word in ("--set", each))]
    process = subprocess.Popen([*before, *command], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("open ").strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_gateway_has_lost_nothing_and_keeps_what_others_may_not_read(tmp_path: Path) -> None:
    with started(tmp_path, "gateway.log_seconds=1000") as (address, process):
        for number in range(5):
            sent = httpx.post(f"{address}events", json={**EVENT, "event_id": str(number)}, timeout=30.0)
            assert sent.status_code == 202
        process.kill()
    with started(tmp_path) as (address, process):
        # Who got no answer sends again.
        again = httpx.post(f"{address}events", json={**EVENT, "event_id": "4"}, timeout=30.0).json()
        assert (again["accepted"], again["repeated"]) == (0, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
    (file,) = (tmp_path / "gateway" / "log" / "events").glob("*/*.parquet")
    assert pq.read_table(file, partitioning=None).column("event_id").to_pylist() == ["0", "1", "2", "3", "4"]
    kept = [path for path in (tmp_path / "gateway").rglob("*") if path.is_file()]
    assert len(kept) >= 3
    for path in kept:
        assert b"anna-somebody" not in path.read_bytes(), path
        assert not stat.S_IMODE(os.stat(path).st_mode) & 0o077, path


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    certificate.private_key_pem.write_to_path(tmp_path / "tls.key")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    settings = [f"gateway.certificate={tmp_path / 'tls.crt'}", f"gateway.certificate_key={tmp_path / 'tls.key'}"]
    with started(tmp_path, *settings) as (address, _):
        assert address.startswith("https://")
        port = httpx.URL(address).port
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
        assert httpx.get(f"https://localhost:{port}/health", verify=context, timeout=30.0).json()["store"] == "ok"


def small_disk(folder: Path) -> tuple[str, ...]:
    """Returns the command that runs another one with a full megabyte's disk of its own at a folder."""
    folder.mkdir()
    return ("unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size=1m none "{folder}" && exec "$@"', "sh")


@pytest.mark.long
def test_a_disk_that_is_really_full_refuses_events_and_goes_on_answering(tmp_path: Path) -> None:
    disk = small_disk(tmp_path / "gateway")
    tried = subprocess.run([*disk, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no disk of one's own can be had here: {tried.stderr.strip()}")
    event = {**EVENT, "query": "x" * 400}
    with (
        started(tmp_path, "gateway.log_seconds=1000", before=disk) as (address, _),
        httpx.Client(base_url=address) as http,
    ):
        taken = 0
        while (answer := http.post("/events", json=event, timeout=30.0)).status_code == 202:
            taken += 1
            assert taken < 5000
        assert answer.status_code == 507, answer.text
        assert "full" in answer.json()["error"]
        for _ in range(20):
            assert http.post("/events", json=event, timeout=30.0).status_code in (202, 507)
        exported = http.get("/users/anna-somebody/export", timeout=30.0)
        assert exported.status_code == 200
        assert len(exported.json()["events"]) >= taken
        # To forget somebody takes a little room as well: SQLite writes what it will do before it does it.
        assert http.delete("/users/anna-somebody", timeout=30.0).status_code in (200, 507)
        assert http.get("/health", timeout=30.0).json()["store"] == "ok"


@pytest.mark.long
def test_a_thousand_idle_and_slow_clients_do_not_hold_others_up_and_are_cut_off(tmp_path: Path) -> None:
    head = b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
    with started(tmp_path) as (address, _):
        url = httpx.URL(address)
        held = [socket.create_connection((url.host, url.port or 0)) for _ in range(1000)]
        try:
            for number, connection in enumerate(held):
                connection.sendall((b"", b"GET /health HT", head)[number % 3])
            for _ in range(20):
                began = time.monotonic()
                assert httpx.post(f"{address}events", json=EVENT, timeout=30.0).status_code == 202
                assert time.monotonic() - began < 2.0
            deadline = time.monotonic() + 60.0
            for number, connection in enumerate(held):
                connection.settimeout(max(deadline - time.monotonic(), 0.1))
                said = connection.recv(4096)
                # Whose request is on its way is told why; the others never asked anything.
                assert said.startswith(b"HTTP/1.1 408 ") if number % 3 == 2 else said == b""
        finally:
            for connection in held:
                connection.close()
