"""What the asking commands do with a user's mistake, and what they load."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.errors import InputError
from tests.serving.client.hostile import HostileServer
from tfx_pipeline.terminal.asking import asking

PROJECT = Path(__file__).resolve().parents[3]
COMMANDS = (
    ["search", "tea"],
    ["chat", "tea"],
    ["recommend", "A1"],
    ["recommend", "--user", "customer-001", "--events", "examples/tea_shop/events.parquet"],
    ["similar", "A1"],
    ["together", "A1"],
    ["segment", "A1"],
    ["classify", "good"],
)
RUN = """
import json, sys
from typer.testing import CliRunner
from tfx_pipeline.commands.cli import app
codes = [CliRunner().invoke(app, [*command, "--address", sys.argv[1]]).exit_code for command in json.loads(sys.argv[2])]
print(json.dumps([codes, sorted({"tensorflow", "tfx", "keras"} & {*sys.modules})]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    """Answers for a search model, whatever it is asked about."""
    made = HostileServer()
    yield made
    made.stop()


def test_what_does_not_fit_the_model_is_the_users_to_mend(server: HostileServer) -> None:
    with (
        pytest.raises(InputError, match="takes at most 100 values, got 101"),
        asking(server.address) as c,
    ):
        c.search("tea", exclude_ids=["a"] * 101)


def test_how_much_is_too_much_is_left_to_the_server(server: HostileServer) -> None:
    with asking(server.address) as client:
        assert client.search("tea", k=5000)


def test_commands_that_ask_load_no_tensorflow(server: HostileServer) -> None:
    command = [sys.executable, "-c", RUN, server.address, json.dumps(COMMANDS)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    codes, loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded == []
    # Only the first is asked of a model that is there, and a chat does without what is not.
    assert codes[:2] == [0, 0]
    assert all(codes[2:])
