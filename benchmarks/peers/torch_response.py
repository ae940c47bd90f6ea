"""The response network in PyTorch: `torch_response.py ARRAYS SETTINGS`, told `run N` on its standard input."""

import json
import sys
import time

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    """Crosses, a hidden layer and a linear part over the same features as ours."""

    def __init__(self, numbers: int, settings: dict) -> None:
        super().__init__()
        sizes, self.networks = settings["sizes"], settings["networks"]
        widths = [min(settings["embedding"], size + 1) for size in sizes]
        self.linear = nn.Linear(numbers, self.networks)
        self.linear_categories = nn.ModuleList(nn.Embedding(size + 1, self.networks) for size in sizes)
        width = numbers + sum(widths) + settings["item_embedding"]
        self.bodies = nn.ModuleList()
        for _ in range(self.networks):
            body = nn.ModuleDict(
                {
                    "categories": nn.ModuleList(nn.Embedding(s + 1, w) for s, w in zip(sizes, widths, strict=True)),
                    "item": nn.Embedding(settings["items"] + 1, settings["item_embedding"]),
                    "narrow": nn.ModuleList(
                        nn.Linear(width, settings["cross_rank"], bias=False) for _ in range(settings["cross_layers"])
                    ),
                    "wide": nn.ModuleList(
                        nn.Linear(settings["cross_rank"], width) for _ in range(settings["cross_layers"])
                    ),
                    "hidden": nn.Linear(width, settings["units"]),
                    "head": nn.Linear(width + settings["units"], 1, bias=False),
                    "dropout": nn.Dropout(settings["dropout"]),
                }
            )
            self.bodies.append(body)

    def forward(self, numbers: torch.Tensor, categories: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        logits = self.linear(numbers)
        for place, layer in enumerate(self.linear_categories):
            logits = logits + layer(categories[:, place])
        deep = []
        for body in self.bodies:
            embedded = [layer(categories[:, place]) for place, layer in enumerate(body["categories"])]
            values = torch.cat([numbers, *embedded, body["item"](item)], dim=1)
            crossed = values
            for narrow, wide in zip(body["narrow"], body["wide"], strict=True):
                crossed = values * wide(narrow(crossed)) + crossed
            hidden = nn.functional.gelu(body["hidden"](body["dropout"](values)))
            deep.append(body["head"](body["dropout"](torch.cat([crossed, hidden], dim=1))))
        return logits + torch.cat(deep, dim=1)


def main(file: str, settings: dict) -> None:
    """Trains as many steps as it is told, and answers with the seconds and the mean loss."""
    arrays = {name: torch.from_numpy(values) for name, values in np.load(file).items()}
    arrays["categories"], arrays["item"] = arrays["categories"].long(), arrays["item"].long()
    rows, batch = len(arrays["weight"]), settings["batch_size"]
    model = Network(arrays["numbers"].shape[1], settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    wide = [model.linear.weight, *(layer.weight for layer in model.linear_categories)]
    deep = [weight for name, weight in model.bodies.named_parameters() if not name.endswith("bias")]
    print(json.dumps({"version": torch.__version__}), flush=True)
    generator = torch.Generator().manual_seed(0)
    for line in sys.stdin:
        steps = int(line.split()[1])
        started, total = time.perf_counter(), 0.0
        order = torch.randperm(rows, generator=generator)
        for step in range(steps):
            chosen = order[(step * batch) % (rows - batch) :][:batch]
            part = {name: values[chosen] for name, values in arrays.items()}
            logits = model(part["numbers"], part["categories"], part["item"])
            target = part["outcomes"].expand_as(logits)
            losses = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)
            loss = (losses * part["weight"]).sum() / part["weight"].sum()
            for factor, weights in zip(settings["penalties"], (wide, deep), strict=True):
                loss = loss + factor * sum((weight**2).sum() for weight in weights) / 2 / rows
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += float(loss.detach())
        print(json.dumps({"seconds": time.perf_counter() - started, "loss": total / steps}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
