#!/usr/bin/env bash
# Opacus 1.6.0: a table of items that a recommender looks up for the history and multiplies with for the scores
# (`hidden @ items.weight.T`, as most sequence models tie them) gets the gradient of the look-up alone. Gradients of
# single examples come from hooks on the layer's call, and a product with its weight is no call. Neither training nor
# the validation of the module says so, and epsilon is computed as ever. What is easy to check and seldom is: without
# noise and clipping, the sum over the examples should be the plain gradient.
#
# Seen on Linux x86-64 with Python 3.11, torch 2.14.1 and opacus 1.6.0 (largest difference from the plain gradient, by
# the largest value of that):
#   a layer of its own for the scores 0.00; the table tied 0.54
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 opacus==1.6.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import torch
from opacus import GradSampleModule
from opacus.validators import ModuleValidator
from torch import nn
from torch.nn import functional

ITEMS, WIDTH = 20, 8


class Recommender(nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.items = nn.Embedding(ITEMS, WIDTH)
        self.scores = None if tied else nn.Linear(WIDTH, ITEMS, bias=False)

    def forward(self, history):
        hidden = self.items(history).mean(dim=1)
        return hidden @ self.items.weight.T if self.scores is None else self.scores(hidden)


def difference(tied):
    torch.manual_seed(0)
    model = Recommender(tied)
    assert not ModuleValidator.validate(model)
    history, target = torch.randint(ITEMS, (32, 5)), torch.randint(ITEMS, (32,))
    functional.cross_entropy(model(history), target, reduction="sum").backward()
    plain = model.items.weight.grad.clone()
    model.zero_grad()
    wrapped = GradSampleModule(model, loss_reduction="sum")
    functional.cross_entropy(wrapped(history), target, reduction="sum").backward()
    single = model.items.weight.grad_sample.sum(dim=0)
    return float((single - plain).abs().max() / plain.abs().max())


own, tied = difference(False), difference(True)
print(f"a layer of its own for the scores {own:.2f}; the table tied {tied:.2f}")
sys.exit(0 if own < 1e-4 and tied > 0.5 else 1)
PYTHON
