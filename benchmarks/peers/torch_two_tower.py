"""The two-tower model of `trainer`, its loss and its optimizer in PyTorch, as a peer to be timed.

Written as one would write it in PyTorch: one projection for query, key and value, `scaled_dot_product_attention`
with a causal mask, the fused AdamW. Imports nothing of this project, so that any interpreter with torch and NumPy
runs it: `python torch_two_tower.py DATA.npz SETTINGS_JSON`. It answers each line of standard input, `run STEPS`, by a
JSON line with the seconds that the steps took and their mean loss.
"""

import json
import math
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def initialise(module: nn.Module) -> None:
    """Draws weights as Keras does: Glorot for what is linear, small for what is looked up."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.uniform_(part.weight, -0.05, 0.05)


class ItemTower(nn.Module):
    """Sums projections of numbers, categories, text and id to vectors `(n, d)`."""

    def __init__(self, products: int, numbers: int, category_sizes: list[int], text: int, d: int):
        super().__init__()
        self.numbers = nn.Sequential(nn.Linear(numbers, 16), nn.ReLU(), nn.Linear(16, d))
        self.categories = nn.ModuleList(nn.Embedding(size, d) for size in category_sizes)
        self.text = nn.Linear(text, d)
        self.product = nn.Embedding(products, d)
        initialise(self)
        nn.init.zeros_(self.numbers[2].weight)
        for part in (self.text, self.product, *self.categories):
            nn.init.normal_(part.weight, std=0.02)

    def forward(self, numbers: Tensor, categories: Tensor, text: Tensor) -> Tensor:
        total = self.numbers(numbers) + self.text(text) + self.product.weight
        for column, embedding in enumerate(self.categories):
            total = total + embedding(categories[:, column])
        return total


class Decoder(nn.Module):
    """A gated causal Transformer layer that normalises first; padding stands at the end, so that it needs no mask."""

    def __init__(self, d: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.attention_normalization = nn.LayerNorm(d, eps=1e-3)
        self.attention_input = nn.Linear(d, 4 * d)
        self.attention_output = nn.Linear(d, d)
        self.feed_forward_normalization = nn.LayerNorm(d, eps=1e-3)
        self.feed_forward_input = nn.Linear(d, 5 * d)
        self.feed_forward_output = nn.Linear(2 * d, d)
        self.dropout = nn.Dropout(dropout)

    def forward(self, events: Tensor) -> Tensor:
        batch, width, d = events.shape
        read, gate = self.attention_input(self.attention_normalization(events)).split([3 * d, d], dim=-1)
        query, key, value = read.view(batch, width, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        attended = self.attention_output(attended.transpose(1, 2).reshape(batch, width, d)) * torch.sigmoid(gate)
        events = events + self.dropout(attended)
        read = self.feed_forward_input(self.feed_forward_normalization(events))
        value, inner, gate = read.split([2 * d, 2 * d, d], dim=-1)
        fed = self.feed_forward_output(value * functional.silu(inner)) * torch.sigmoid(gate)
        return events + self.dropout(fed)


class UserTower(nn.Module):
    """Reads histories `(batch, width, d)` to a vector after each event, `(batch, width, d)`."""

    def __init__(self, event_types: int, history: int, d: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.d = d
        self.event_type = nn.Embedding(event_types, d)
        self.position = nn.Parameter(torch.empty(history, d).normal_(std=0.02))
        self.gap = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, d))
        self.dropout = nn.Dropout(dropout)
        self.decoders = nn.ModuleList(Decoder(d, heads, dropout) for _ in range(layers))
        self.output_normalization = nn.LayerNorm(d, eps=1e-3)
        initialise(self)
        for parameter in (self.event_type.weight, self.gap[2].weight):
            nn.init.zeros_(parameter)

    def forward(self, items: Tensor, types: Tensor, gaps: Tensor) -> Tensor:
        logs = torch.log1p(gaps.clamp(min=0.0) / 86_400.0)[..., None]
        events = items * self.d**0.5 + self.event_type(types) + self.gap(logs) + self.position[: items.shape[1]]
        events = self.dropout(events)
        for decoder in self.decoders:
            events = decoder(events)
        return self.output_normalization(events)


class Trainer:
    """Both towers with their data; `step` is what is timed."""

    def __init__(self, data: dict[str, np.ndarray], settings: dict[str, Any]):
        torch.manual_seed(0)
        torch.set_num_threads(settings["threads"])
        d, dropout = settings["dimensions"], settings["dropout"]
        self.settings = settings
        self.tables = {name: torch.from_numpy(data[f"items_{name}"]) for name in ("numbers", "categories", "text")}
        names = [name for name in data if name.startswith("windows_")]
        self.batches = [
            {name.removeprefix("windows_"): torch.from_numpy(data[name][batch]).contiguous() for name in names}
            for batch in range(len(data["windows_history_index"]))
        ]
        sizes = [int(size) for size in data["items_categories"].max(axis=0) + 1]
        numbers, text = data["items_numbers"].shape[1], data["items_text"].shape[1]
        self.items = ItemTower(len(data["items_text"]), numbers, sizes, text, d)
        self.users = UserTower(
            settings["event_types"], settings["history"], d, settings["heads"], settings["layers"], dropout
        )
        self.optimizer = torch.optim.AdamW(
            [*self.items.parameters(), *self.users.parameters()],
            lr=settings["learning_rate"],
            weight_decay=settings["weight_decay"],
            betas=(0.9, 0.98),
            eps=1e-7,
            fused=True,
        )
        warm_up, total = settings["warm_up"], settings["total_steps"]

        def rate(step: int) -> float:
            if step < warm_up:
                return step / warm_up
            return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warm_up) / (total - warm_up))))

        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, rate)
        self.steps = 0

    def step(self) -> float:
        """Trains on the next batch and returns its loss."""
        loss = self.loss(self.batches[self.steps % len(self.batches)])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.steps += 1
        return float(loss.detach())

    def loss(self, windows: dict[str, Tensor]) -> Tensor:
        """Returns the softmax over all products, of every event that something follows."""
        history, weights = windows["history_index"], windows["target_weight"]
        vectors = self.items(*self.tables.values())
        users = self.users(vectors[history], windows["history_type"], windows["gap_seconds"])
        asked = weights > 0.0
        rows = torch.arange(len(history))[:, None].expand(history.shape)[asked]
        queries = users[rows, windows["query_position"][asked]]
        scores = queries @ vectors.T
        losses = functional.cross_entropy(
            scores,
            windows["target_index"][asked].long(),
            reduction="none",
            label_smoothing=self.settings["label_smoothing"],
        )
        return (losses * weights[asked]).sum() / weights.sum()


def main() -> None:
    """Answers requests until standard input ends."""
    with np.load(sys.argv[1]) as file:
        trainer = Trainer(dict(file), json.loads(sys.argv[2]))
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        steps = int(line.split()[1])
        start = time.perf_counter()
        losses = [trainer.step() for _ in range(steps)]
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "loss": sum(losses) / steps}), flush=True)


if __name__ == "__main__":
    main()
