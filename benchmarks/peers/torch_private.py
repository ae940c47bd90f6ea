"""Steps of a BERT classifier with LoRA in PyTorch, plain and private by Opacus, as a peer of `benchmarks/privacy.py`.

The network is that of `torch_classifier.py`, with LoRA on the two matrices of each feed-forward layer. Imports nothing
of this project, so that any interpreter with torch, Opacus and NumPy runs it: `python torch_private.py DATA.npz
SETTINGS_JSON`. DATA is that of `torch_classifier.py`, with one split `train`, all of which is one batch. It answers
each line of standard input, `plain` or `private`, by the seconds that such a training step took.
"""

import json
import sys
import time
from typing import Any

import numpy as np
import opacus
import torch
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer
from torch import Tensor, nn
from torch.nn import functional
from torch_classifier import Bert, Head, Split, load_weights


class LoraLinear(nn.Module):
    """A linear layer that stays as it is, and a small update of it that learns."""

    def __init__(self, base: nn.Linear, rank: int):
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.base(inputs) + self.up(self.down(inputs))


class Classifier(nn.Module):
    """Token ids to logits; of BERT only LoRA learns."""

    def __init__(self, data: dict[str, np.ndarray], settings: dict[str, Any]):
        super().__init__()
        d = data["token"].shape[1]
        shape = (data["token"].shape[0], data["position"].shape[0], settings["layers"], d, settings["heads"])
        self.bert = Bert(*shape, data["0_inner_weight"].shape[0], settings["dropout"])
        load_weights(self.bert, data)
        self.bert.requires_grad_(False)
        for layer in self.bert.layers:
            layer.inner = LoraLinear(layer.inner, settings["rank"])
            layer.output = LoraLinear(layer.output, settings["rank"])
        self.head = Head(d, settings["classes"], settings["head_dropout"])

    def forward(self, token_ids: Tensor) -> Tensor:
        return self.head(self.bert(token_ids))


def steps_of(data: dict[str, np.ndarray], settings: dict[str, Any]) -> dict[str, Any]:
    """Returns a step of either kind, by its name, each on a network of its own."""
    split = Split(data, "train")
    token_ids = split.padded(np.arange(len(split)))
    steps = {}
    for name in ("plain", "private"):
        torch.manual_seed(0)
        network: Any = Classifier(data, settings).train()
        learning = [each for each in network.parameters() if each.requires_grad]
        optimizer: Any = torch.optim.AdamW(learning, lr=1e-3)
        if name == "private":
            network = GradSampleModule(network)
            optimizer = DPOptimizer(
                optimizer,
                noise_multiplier=settings["noise_multiplier"],
                max_grad_norm=settings["l2_clip"],
                expected_batch_size=len(split),
            )

        def step(network: Any = network, optimizer: Any = optimizer) -> None:
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(network(token_ids), split.labels).backward()
            optimizer.step()

        steps[name] = step
    return steps


def main() -> None:
    """Answers requests until standard input ends."""
    settings = json.loads(sys.argv[2])
    torch.set_num_threads(settings["threads"])
    with np.load(sys.argv[1]) as file:
        steps = steps_of(dict(file), settings)
    print(json.dumps({"version": f"{torch.__version__}, opacus {opacus.__version__}"}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        steps[line.strip()]()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
