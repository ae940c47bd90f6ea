"""`shelfwise load` against a real server of a model that adds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from typer.testing import CliRunner

from components.errors import InputError
from serving.server.background import server_thread
from serving.server.settings import ServerSettings
from tfx_pipeline.commands.cli import app


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    class Echo(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
        def echo(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
            with tf.control_dependencies([tf.debugging.assert_none_equal(text, "refused")]):
                return {"length": tf.strings.length(text)}

    folder = tmp_path_factory.mktemp("models") / "echo"
    module = Echo()
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": module.echo})
    with server_thread(folder.parent, ServerSettings(port=0)) as addresses:
        yield addresses.grpc


def load(address: str, *options: str) -> Any:
    given = ["load", "--address", address, "--model", "echo", "--rate", "100", "--seconds", "0.3", *options]
    return CliRunner().invoke(app, given)


def test_json(address: str, tmp_path: Path) -> None:
    lines = tmp_path / "requests.jsonl"
    lines.write_text('{"text": "tea"}\n\n{"text": "牛奶"}\n', encoding="utf-8")
    shown = load(address, "--requests", str(lines), "--json")
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    assert (report["requests"], report["answered"], report["errors"]) == (30, 30, {})
    values = list(report["milliseconds"].values())
    assert values == sorted(values)
    assert values[0] > 0


def test_a_table(address: str) -> None:
    lines = load(address).stdout.splitlines()
    assert lines[0] == 'every request is {"text": "sample text"}; --requests FILE sends real ones'
    assert lines[1].startswith("30 requests at 100 a second: 30 answered, ")
    assert lines[2].split() == ["milliseconds", "p50", "p90", "p95", "p99", "p99.9", "p100"]
    assert [line.split()[:2] for line in lines[3:5]] == [["until", "answered"], ["until", "sent"]]
    assert lines[5] == "no errors"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"texts": "tea"}', "line 1: `texts` is no input; the inputs are text"),
        ("[1]", "line 1: expected inputs by name"),
        ("{", "line 1: Expecting property name"),
        ("", "expected a line such as"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(address: str, tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(line, encoding="utf-8")
    refused = load(address, "--requests", str(path)).exception
    assert isinstance(refused, InputError)
    assert message in str(refused)


def test_an_unknown_signature_is_refused(address: str) -> None:
    refused = load(address, "--signature", "nope").exception
    assert isinstance(refused, InputError)
    assert str(refused) == "Model `echo` has no signature `nope`, but serving_default."


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(("texts", "exit_code"), [(["refused"], 1), (["refused", "tea"], 0)])
def test_no_answer_at_all_is_a_failure(
    address: str, tmp_path: Path, texts: list[str], exit_code: int, options: list[str]
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    done = load(address, "--requests", str(path), *options)
    assert done.exit_code == exit_code, done.output
    assert "INVALID_ARGUMENT" in done.output
