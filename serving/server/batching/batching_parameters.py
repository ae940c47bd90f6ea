"""How requests are batched, read from the file that TF Serving's `--batching_parameters_file` takes."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, text_format, wrappers_pb2
from google.protobuf.message import Message

from serving.server.tf_serving_messages import message_class, scalar_field, wrapped_field

_MOST_THREADS = 1024

# Name, number and type of each field of TF Serving's message; its wrapped values tell "not given" from 0.
_WRAPPED_FIELDS = {
    "max_batch_size": (1, wrappers_pb2.Int64Value),
    "batch_timeout_micros": (2, wrappers_pb2.Int64Value),
    "max_enqueued_batches": (3, wrappers_pb2.Int64Value),
    "num_batch_threads": (4, wrappers_pb2.Int64Value),
    "thread_pool_name": (5, wrappers_pb2.StringValue),
    "enable_large_batch_splitting": (8, wrappers_pb2.BoolValue),
    "max_execution_batch_size": (9, wrappers_pb2.Int64Value),
}


class BatchingParametersError(ValueError):
    """A file of batching parameters that cannot be used; the message is for whoever wrote it."""


@dataclass(frozen=True, kw_only=True)
class BatchingParameters:
    """Limits of the batches and of the queues before them; the defaults are TF Serving's.

    Args:
        max_batch_size: Most rows of a batch, and of a request.
        batch_timeout_micros: Microseconds that a batch waits for more rows after its first request came.
        max_enqueued_batches: Batches that wait for a thread, for each signature; 0 means 1, as in TF Serving.
        num_batch_threads: Batches that are computed at once.
        allowed_batch_sizes: Increasing numbers of rows that a batch is filled up to; the last one is `max_batch_size`.
            Empty: batches keep their size.
        pad_variable_length_inputs: Whether inputs of requests that differ in other dimensions than the rows are made
            as large as the largest, filled with their first element; they are refused otherwise.
        thread_pool_name: Begins the names of the threads.

    Raises:
        BatchingParametersError: A value is out of its range.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    thread_pool_name: str = "batch_threads"

    def __post_init__(self) -> None:
        _check(self.max_batch_size >= 1, "max_batch_size", "1 or more", self.max_batch_size)
        _check(self.batch_timeout_micros >= 0, "batch_timeout_micros", "0 or more", self.batch_timeout_micros)
        _check(self.max_enqueued_batches >= 0, "max_enqueued_batches", "0 or more", self.max_enqueued_batches)
        _check(
            1 <= self.num_batch_threads <= _MOST_THREADS,
            "num_batch_threads",
            f"1 to {_MOST_THREADS}",
            self.num_batch_threads,
        )
        sizes = self.allowed_batch_sizes
        if sizes:
            increasing = all(smaller < larger for smaller, larger in zip((0, *sizes), sizes, strict=False))
            _check(increasing, "allowed_batch_sizes", "increasing numbers from 1 on", list(sizes))
            expected = f"the last one to be max_batch_size, {self.max_batch_size}"
            _check(sizes[-1] == self.max_batch_size, "allowed_batch_sizes", expected, sizes[-1])

    def padded_size(self, rows: int) -> int:
        """Returns the rows of a batch after padding: the least allowed size that holds `rows`."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def batching_from_options(enabled: bool, file: Path | None) -> BatchingParameters | None:
    """Returns what the command line asks for: `--enable-batching`, alone or with `--batching-parameters-file`.

    Raises:
        BatchingParametersError: The file cannot be used, or is given without batching being enabled.
    """
    if file is None:
        return BatchingParameters() if enabled else None
    if not enabled:
        raise BatchingParametersError(f"--batching-parameters-file {file}: give --enable-batching too")
    return read_batching_parameters(file)


def read_batching_parameters(path: Path) -> BatchingParameters:
    """Reads a text-format `tensorflow.serving.BatchingParameters`, as in `max_batch_size { value: 128 }`.

    Raises:
        BatchingParametersError: The file cannot be read, or holds a key or value that it should not.
    """
    try:
        message = text_format.Parse(path.read_text(encoding="utf-8"), _message_class()())
    except FileNotFoundError as error:
        raise BatchingParametersError(f"{path}: there is no such file of batching parameters") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BatchingParametersError(f"{path}: cannot be read: {error}") from error
    except text_format.ParseError as error:
        raise BatchingParametersError(
            f"{path}: expected batching parameters such as `max_batch_size {{ value: 128 }}`; line {error}"
        ) from error
    try:
        return _parameters(message)
    except BatchingParametersError as error:
        raise BatchingParametersError(f"{path}: {error}") from error


def _parameters(message: Any) -> BatchingParameters:
    given = {name: getattr(message, name).value for name in _WRAPPED_FIELDS if message.HasField(name)}
    if given.pop("enable_large_batch_splitting", False):
        raise BatchingParametersError("enable_large_batch_splitting: this server splits no requests; leave it out")
    # TF Serving does not look at it either unless requests are split.
    given.pop("max_execution_batch_size", None)
    return BatchingParameters(
        **given,
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        pad_variable_length_inputs=message.pad_variable_length_inputs,
    )


def _message_class() -> type[Message]:
    kind = descriptor_pb2.FieldDescriptorProto
    return message_class(
        "BatchingParameters",
        [
            *(wrapped_field(name, number, wrapper) for name, (number, wrapper) in _WRAPPED_FIELDS.items()),
            scalar_field("allowed_batch_sizes", 6, kind.TYPE_INT64, repeated=True),
            scalar_field("pad_variable_length_inputs", 7, kind.TYPE_BOOL),
        ],
    )


def _check(holds: bool, name: str, expected: str, value: object) -> None:
    if not holds:
        raise BatchingParametersError(f"{name}: expected {expected}, got {value}")
