"""EfficientNet-Lite0 in PyTorch, asked by benchmarks/pictures.py: times a batch under another interpreter.

    python torch_pictures.py ARRAYS.npz '{"threads": 2}'

The arrays are the weights by timm's names, and `pixels` float32 (batch, 3, 224, 224).
"""

import json
import sys
import time

import numpy as np
import torch
from torch.nn import functional

_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)


class Network:
    """The network with its normalisations folded, as ours."""

    def __init__(self, weights):
        self._weights = weights

    def _conv(self, pixels, conv, norm, stride=1, depthwise=False):
        weights = self._weights
        factor = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + 1e-3)
        key = f"folded {conv}"
        if key not in weights:
            weights[key] = weights[f"{conv}.weight"] * factor[:, None, None, None]
            weights[f"{key} bias"] = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * factor
        kernel = weights[key]
        groups = kernel.shape[0] if depthwise else 1
        return functional.conv2d(
            pixels, kernel, weights[f"{key} bias"], stride=stride, padding=kernel.shape[-1] // 2, groups=groups
        )

    def __call__(self, pixels):
        found = functional.relu6(self._conv(pixels, "conv_stem", "bn1", 2))
        for stage, count in enumerate(_BLOCKS):
            for place in range(count):
                name, stride = f"blocks.{stage}.{place}", _STRIDES[stage] if place == 0 else 1
                before = found
                norms = iter(("bn1", "bn2", "bn3"))
                if stage:
                    found = functional.relu6(self._conv(found, f"{name}.conv_pw", f"{name}.{next(norms)}"))
                found = functional.relu6(self._conv(found, f"{name}.conv_dw", f"{name}.{next(norms)}", stride, True))
                last = "conv_pwl" if stage else "conv_pw"
                found = self._conv(found, f"{name}.{last}", f"{name}.{next(norms)}")
                if place:
                    found = found + before
        return functional.relu6(self._conv(found, "conv_head", "bn2"))


def main():
    """Times batches, a line of standard input each."""
    arrays, settings = np.load(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(settings["threads"])
    weights = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    pixels = weights.pop("pixels").to(memory_format=torch.channels_last)
    network = Network(weights)
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        times = int(line.split()[1])
        with torch.inference_mode():
            start = time.perf_counter()
            for _ in range(times):
                found = network(pixels)
            seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "loss": float(found.mean())}), flush=True)


if __name__ == "__main__":
    main()
