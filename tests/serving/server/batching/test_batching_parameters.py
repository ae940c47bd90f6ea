"""The file of batching parameters: what TF Serving takes, and what a mistake is told."""

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.server.__main__ import main as serve_main
from serving.server.batching.batching_parameters import (
    BatchingParameters,
    BatchingParametersError,
    batching_from_options,
    read_batching_parameters,
)
from tfx_pipeline.commands import cli
from tfx_pipeline.config.yaml_file import ConfigError

EVERYTHING = """
# As in TF Serving's guide.
max_batch_size { value: 128 }
batch_timeout_micros { value: 5000 }
max_enqueued_batches { value: 1000000 }
num_batch_threads { value: 8 }
thread_pool_name { value: "shop" }
enable_large_batch_splitting { value: false }
max_execution_batch_size { value: 64 }
allowed_batch_sizes: 1
allowed_batch_sizes: [32, 128]
pad_variable_length_inputs: true
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "batching.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_value_is_read(tmp_path: Path) -> None:
    assert read_batching_parameters(write(tmp_path, EVERYTHING)) == BatchingParameters(
        max_batch_size=128,
        batch_timeout_micros=5000,
        max_enqueued_batches=1_000_000,
        num_batch_threads=8,
        thread_pool_name="shop",
        allowed_batch_sizes=(1, 32, 128),
        pad_variable_length_inputs=True,
    )


def test_what_is_left_out_is_tf_servings_default(tmp_path: Path) -> None:
    read = read_batching_parameters(write(tmp_path, "batch_timeout_micros { value: 0 } allowed_batch_sizes: 1000"))
    assert read == BatchingParameters(allowed_batch_sizes=(1000,))
    assert (read.max_batch_size, read.batch_timeout_micros, read.max_enqueued_batches) == (1000, 0, 10)
    assert read.num_batch_threads == os.cpu_count()


def test_a_batch_is_padded_to_the_least_allowed_size_that_holds_it() -> None:
    parameters = BatchingParameters(max_batch_size=8, allowed_batch_sizes=(2, 8))
    assert [parameters.padded_size(rows) for rows in (1, 2, 3, 8)] == [2, 2, 8, 8]
    assert BatchingParameters().padded_size(3) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch { value: 1 }", 'no field named "max_batch"'),
        ("max_batch_size: 5", "expected batching parameters such as `max_batch_size { value: 128 }`; line 1:17"),
        ("max_batch_size { value: many }", "Couldn't parse integer: many"),
        ("max_batch_size { value: 1 }\nmax_batch_size { value: 2 }", "line 2:"),
        ("max_batch_size { value: 99999999999999999999 }", "out of range"),
        ("max_batch_size { value: 0 }", "max_batch_size: expected 1 or more, got 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros: expected 0 or more, got -1"),
        ("max_enqueued_batches { value: -1 }", "max_enqueued_batches: expected 0 or more, got -1"),
        ("num_batch_threads { value: 0 }", "num_batch_threads: expected 1 to 1024, got 0"),
        ("allowed_batch_sizes: 8", "allowed_batch_sizes: expected the last one to be max_batch_size, 1000, got 8"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [4, 2, 8]",
            "allowed_batch_sizes: expected increasing numbers from 1 on, got [4, 2, 8]",
        ),
        (
            "enable_large_batch_splitting { value: true }",
            "enable_large_batch_splitting: this server splits no requests",
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_message_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BatchingParametersError, match=re.escape(message)) as raised:
        read_batching_parameters(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BatchingParametersError, match="there is no such file"):
        read_batching_parameters(tmp_path / "missing.txt")
    with pytest.raises(BatchingParametersError, match="cannot be read"):
        read_batching_parameters(tmp_path)
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(BatchingParametersError, match="cannot be read"):
        read_batching_parameters(tmp_path / "latin.txt")


def test_options_of_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, "max_batch_size { value: 3 }")
    assert batching_from_options(False, None) is None
    assert batching_from_options(True, None) == BatchingParameters()
    assert batching_from_options(True, path) == BatchingParameters(max_batch_size=3)
    with pytest.raises(BatchingParametersError, match="give --enable-batching too"):
        batching_from_options(False, path)


def test_a_wrong_file_ends_the_commands_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "max_batch_size { value: 0 }")
    options = ["--enable-batching", "--batching-parameters-file", str(path)]
    with pytest.raises(SystemExit) as ended:
        serve_main(["--models", str(tmp_path), *options])
    assert ended.value.code == 2
    assert "max_batch_size: expected 1 or more, got 0" in capsys.readouterr().err
    result = CliRunner().invoke(cli.app, ["serve", "--root", str(tmp_path), *options])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == f"{path}: max_batch_size: expected 1 or more, got 0"
