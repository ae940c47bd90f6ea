"""Causes dug out of what Beam and TFX raise."""

import errno
from collections.abc import Iterator

import apache_beam as beam
import pytest

from components.errors import InputError
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
from tfx_pipeline.workers.failure_cause import find_cause

MESSAGE = "Table `products`: line 3 is wrong [really]. Mend it."


class _RaiseDoFn(beam.DoFn):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def process(self, element: int) -> Iterator[int]:
        if self._kind == "input":
            raise InputError(MESSAGE)
        if self._kind == "disk":
            with open("/dev/full", "w") as file:
                file.write("x")
        yield 1 // (element - element)


def _run(kind: str) -> BaseException:
    with pytest.raises(Exception) as raised, beam.Pipeline(argv=list(LOCAL_BEAM_ARGS)) as pipeline:  # noqa: PT011  # Beam wraps it.
        _ = pipeline | "Begin" >> beam.Create([1]) | "Fail" >> beam.ParDo(_RaiseDoFn(kind))
    return raised.value


def test_input_error_out_of_beam() -> None:
    cause = find_cause(_run("input"))
    assert (cause.kind, cause.message) == ("input", MESSAGE)


def test_full_disk_out_of_beam() -> None:
    cause = find_cause(_run("disk"))
    assert cause.kind == "disk_full"
    assert cause.message.startswith("The disk filled up")
    assert "No space left on device" in cause.message


def test_any_other_error_out_of_beam() -> None:
    cause = find_cause(_run("other"))
    assert cause.kind == "other"
    assert cause.message.startswith("ZeroDivisionError: integer division or modulo by zero")
    assert "while running" not in cause.message


def test_finds_what_an_error_was_raised_from() -> None:
    error = RuntimeError("Node failed.")
    error.__cause__ = InputError("Column `price` is wrong.")
    assert find_cause(error).message == "Column `price` is wrong."


def test_an_error_text_of_a_worker_that_died() -> None:
    text = (
        "Error received from SDK harness: Traceback (most recent call last):\n  File x\n"
        f"components.errors.InputError: {MESSAGE}\n\nDuring handling"
    )
    assert find_cause(RuntimeError(text)).message == MESSAGE


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_as_an_os_error(number: int) -> None:
    assert find_cause(OSError(number, "x")).kind == "disk_full"


def test_full_disk_in_a_database() -> None:
    assert find_cause(RuntimeError("INTERNAL: database or disk is full")).kind == "disk_full"


def test_user_data_does_not_fill_the_disk() -> None:
    assert find_cause(InputError("title 'No space left on device' is wrong")).kind == "input"


def test_an_error_without_text() -> None:
    assert find_cause(KeyError()).message == "KeyError"
