"""The commands that ask a server, as processes: what they load, and what they leave on a terminal."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.errors import InputError
from tfx_pipeline.commands.cli import app

PROJECT = Path(__file__).resolve().parents[3]


def shelfwise(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tfx_pipeline", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with socket.socket() as taken:
        # Bound and not listened on: nobody answers there.
        taken.bind(("127.0.0.1", 0))
        done = shelfwise("search", "tea", "--address", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: Nothing answers at 127.0.0.1:")
    assert "may still be loading" in line
    assert "`shelfwise serve`" in line


def test_the_rest_port_of_a_server_is_one_line() -> None:
    # Answers as any HTTP server does, with an error.
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        done = shelfwise("search", "tea", "--address", address)
        server.shutdown()
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {address} answers, but not in gRPC: it may be the REST port of a server.")


def test_products_of_a_segment_need_no_tensorflow(tmp_path: Path) -> None:
    product = {"product_id": "6[y]", "title": "Tea [green]", "share": 0.5, "lift": 2.0}
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "profiles.json").write_text(json.dumps({"high": {"products": [product]}}))
    program = (
        "import sys; from tfx_pipeline.commands.cli import app;"
        f"app(['recommend', '--segment', 'high', '--root', {str(tmp_path)!r}], standalone_mode=False);"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == ["0.500", "2.00", "6[y]", "Tea", "[green]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("segment", "expected product ids, or --user ID with --events FILE, got neither"),
        ("segment --events F", "--events needs --user ID"),
        ("segment tea --at 2017-07-01", "--at needs --user ID"),
        ("segment --user 7", "--user needs --events FILE"),
        ("segment --user 7 --events F tea pot", "expected product ids or --user, got both: tea pot, and --user 7"),
        ("recommend --events F", "--events needs --user ID"),
        ("recommend tea --user 7 --events F", "expected product ids or --user, got both"),
        ("recommend --root R", "without --segment, leave it out"),
        ("recommend --segment high --user 900", "products of a whole segment; leave out --user"),
        ("recommend --segment high --max-price 3 --in-stock tea", "leave out --in-stock, --max-price, product ids"),
        ("recommend --segment high --address h:1", "leave out --address"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: str, message: str) -> None:
    refused = CliRunner().invoke(app, arguments.split()).exception
    assert isinstance(refused, InputError)
    assert message in str(refused)
    assert "\n" not in str(refused)
