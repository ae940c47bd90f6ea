"""Reads tensors that PyTorch saved before its version 1.6, without PyTorch and without running what a file asks for."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

# How `torch.save` began a file in those days; see `_legacy_save` in PyTorch's serialization.py.
_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Tensors = dict[str, npt.NDArray[Any]]


class _View(NamedTuple):
    """A tensor of which only the place is known: the values of all stand at the end of the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    """Makes views of tensors; anything else that a file names is refused."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _View(storage, offset, shape, strides)
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"it holds a {module}.{name}, which is no tensor of numbers")

    def persistent_load(self, pid: Any) -> str:
        _, storage_type, key, *_ = pid
        self.dtypes[str(key)] = _DTYPES[storage_type]
        return str(key)


def read_torch_weights(path: Path) -> Tensors:
    """Returns the tensors of a state dict, by name.

    Args:
        path: A file as `torch.save` wrote it before PyTorch 1.6.

    Raises:
        ValueError: The file is none of those.
    """
    try:
        with path.open("rb") as file:
            magic, _, _ = (_Unpickler(file).load() for _ in range(3))
            if magic != _MAGIC:
                raise pickle.UnpicklingError("it does not begin as such a file does")
            unpickler = _Unpickler(file)
            views, keys = unpickler.load(), _Unpickler(file).load()
            storages = {str(key): _read_storage(file, unpickler.dtypes[str(key)]) for key in keys}
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} should hold tensors that PyTorch saved before its version 1.6: {error}") from error
    return {name: _tensor(view, storages) for name, view in views.items()}


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    count = int(np.frombuffer(file.read(8), "<i8")[0])
    return np.frombuffer(file.read(count * dtype.itemsize), dtype, count)


def _tensor(view: _View, storages: Tensors) -> npt.NDArray[Any]:
    storage = storages[view.storage]
    if view.offset < 0 or view.offset + int(np.prod(view.shape)) > len(storage):
        raise ValueError("a tensor lies outside its values")
    strides = [stride * storage.itemsize for stride in view.strides]
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(storage[view.offset :], view.shape, strides))
