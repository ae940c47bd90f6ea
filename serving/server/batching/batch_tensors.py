"""Requests' inputs put together, and a batch's outputs taken apart, along the first dimension."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import grpc
import numpy as np

from serving.server.errors import StatusError, invalid_argument

Tensors = Mapping[str, np.ndarray]


def row_count(inputs: Tensors, max_batch_size: int) -> int:
    """Returns the first dimension of a request's inputs; refusals are worded as TF Serving words them.

    Raises:
        StatusError: INVALID_ARGUMENT if there are no inputs, one has no dimensions, their first dimensions differ, or
            there are more rows than `max_batch_size`.
    """
    sizes = {value.shape[0] if value.ndim else None for value in inputs.values()}
    if not sizes:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    if None in sizes:
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    if len(sizes) > 1:
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    rows = int(next(iter(inputs.values())).shape[0])
    if rows > max_batch_size:
        raise invalid_argument(f"Task size {rows} is larger than maximum input batch size {max_batch_size}")
    return rows


def merge_inputs(requests: Sequence[Tensors], padded_rows: int, pad_variable_length_inputs: bool) -> Tensors:
    """Concatenates the inputs of requests, and repeats the first row of the last request that has one up to a size.

    Args:
        requests: Inputs with the same names; at least one request.
        padded_rows: Rows of the result, at least those of the requests; without any row there is nothing to repeat.
        pad_variable_length_inputs: Whether inputs that differ in other dimensions are made as large as the largest.

    Raises:
        StatusError: FAILED_PRECONDITION if inputs differ in other dimensions than the first and may not be padded, or
            in their number; INVALID_ARGUMENT if one to be padded is empty.
    """
    merged = {}
    for name in requests[0]:
        values = [inputs[name] for inputs in requests]
        if len({value.shape[1:] for value in values}) > 1:
            values = _equally_large(name, values, pad_variable_length_inputs)
        missing = padded_rows - sum(len(value) for value in values)
        with_rows = [value for value in values if len(value)]
        if missing and with_rows:
            values = [*values, np.repeat(with_rows[-1][:1], missing, axis=0)]
        merged[name] = values[0] if len(values) == 1 else np.concatenate(values)
    return merged


def split_outputs(outputs: Tensors, rows: Sequence[int], padded_rows: int) -> Iterator[Tensors]:
    """Yields each request's part of the outputs; those of the padding are left out.

    Raises:
        StatusError: FAILED_PRECONDITION if the first dimension of an output is not that of the inputs.
    """
    for name, value in outputs.items():
        if value.ndim == 0 or value.shape[0] != padded_rows:
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"The first dimension of a batched output must be that of the inputs, {padded_rows}; {name} has shape "
                f"{list(value.shape)}. Serve this signature without batching.",
            )
    begin = 0
    for count in rows:
        yield {name: value[begin : begin + count] for name, value in outputs.items()}
        begin += count


def own_width(outputs: Tensors, k: np.ndarray, names: Collection[str]) -> Tensors:
    """Cuts a request's part of a batch to the width that it would have alone.

    Args:
        outputs: Its rows of the outputs.
        k: Products that each of its rows asked for.
        names: Outputs as wide as the largest `k` of the batch.
    """
    width = max(int(k.max()), 0) if k.size else 0
    return {name: value[:, :width] if name in names else value for name, value in outputs.items()}


def _equally_large(name: str, values: Sequence[np.ndarray], allowed: bool) -> list[np.ndarray]:
    if not allowed or len({value.ndim for value in values}) > 1:
        shapes = sorted({str(list(value.shape[1:])) for value in values})
        raise StatusError(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"Requests of one batch differ in the dimensions of {name} after the first: {', '.join(shapes)}. Make them "
            "equal, or set pad_variable_length_inputs.",
        )
    sizes = np.max([value.shape[1:] for value in values], axis=0)
    return [_enlarged(name, value, (len(value), *sizes)) for value in values]


def _enlarged(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if value.shape == shape:
        return value
    if not value.size:
        raise invalid_argument(f"{name} is empty in a request whose batch needs padding.")
    # TF Serving pads with the first element, whatever it means to the model.
    enlarged = np.full(shape, value.flat[0], value.dtype)
    enlarged[tuple(slice(size) for size in value.shape)] = value
    return enlarged
