"""A BERT classifier and its fine-tuning in PyTorch, as a peer of `trainer.classification` in speed and in quality.

Written as one would write it in PyTorch: a padded batch, one projection for query, key and value,
`scaled_dot_product_attention`, AdamW. Imports nothing of this project, so that any interpreter with torch and NumPy
runs it: `python torch_classifier.py DATA.npz SETTINGS_JSON`. DATA holds the weights to start from, and token ids,
labels and weights of the splits. It answers each line of standard input by a JSON line: `run STEPS` by the seconds that
these training steps took and their mean loss, `encode SPLIT` by the seconds of encoding a split, and
`logits SPLIT FILE` after it has written the split's logits into FILE. `products TIMES TEXTS LENGTH LAYERS DIMENSIONS
HEADS INNER` is answered by the seconds that the matrix products of so many training steps took, and nothing else.
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

Arrays = dict[str, np.ndarray]


class Layer(nn.Module):
    """A Transformer layer of BERT: what is added is normalised after it."""

    def __init__(self, d: int, heads: int, inner: int, dropout: float):
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.query_key_value = nn.Linear(d, 3 * d)
        self.attention_output = nn.Linear(d, d)
        self.attention_norm = nn.LayerNorm(d, eps=1e-12)
        self.inner = nn.Linear(d, inner)
        self.output = nn.Linear(inner, d)
        self.output_norm = nn.LayerNorm(d, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        batch, width, d = tokens.shape
        projected = self.query_key_value(tokens).view(batch, width, 3, self.heads, d // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        rate = self.rate if self.training else 0.0
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=rate)
        attended = self.attention_output(attended.transpose(1, 2).reshape(batch, width, d))
        tokens = self.attention_norm(tokens + self.dropout(attended))
        forward = self.output(functional.gelu(self.inner(tokens), approximate="tanh"))
        return self.output_norm(tokens + self.dropout(forward))


class Bert(nn.Module):
    """Token ids, padded with 0, to the mean over the real tokens, of length 1."""

    def __init__(self, words: int, positions: int, layers: int, d: int, heads: int, inner: int, dropout: float):
        super().__init__()
        self.token, self.position, self.segment = nn.Embedding(words, d), nn.Embedding(positions, d), nn.Embedding(2, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(d, heads, inner, dropout) for _ in range(layers))

    def forward(self, token_ids: Tensor) -> Tensor:
        real = token_ids != 0
        summed = self.token(token_ids) + self.position.weight[: token_ids.shape[1]] + self.segment.weight[0]
        tokens = self.dropout(self.norm(summed))
        mask = None if bool(real.all()) else real[:, None, None, :]
        for layer in self.layers:
            tokens = layer(tokens, mask)
        return functional.normalize((tokens * real[..., None]).sum(dim=1), dim=-1)


class Head(nn.Module):
    """A normalisation and a linear layer."""

    def __init__(self, d: int, classes: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(d, eps=1e-3)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(d, classes)
        nn.init.xavier_uniform_(self.logits.weight)
        nn.init.zeros_(self.logits.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.logits(self.dropout(self.norm(vectors)))


class Split:
    """Token ids of texts, their labels and their weights."""

    def __init__(self, data: Arrays, name: str):
        self.texts = np.split(data[f"{name}_token_ids"].astype(np.int64), np.cumsum(data[f"{name}_lengths"])[:-1])
        self.labels = torch.from_numpy(data[f"{name}_labels"].astype(np.int64))
        self.weights = torch.from_numpy(data[f"{name}_weights"].astype(np.float32))

    def __len__(self) -> int:
        return len(self.texts)

    def padded(self, rows: np.ndarray) -> Tensor:
        """Returns the token ids of some texts, padded to the longest of them."""
        texts = [self.texts[row] for row in rows]
        ids = np.zeros((len(texts), max(len(text) for text in texts)), np.int64)
        for place, text in enumerate(texts):
            ids[place, : len(text)] = text
        return torch.from_numpy(ids)


class Trainer:
    """The classifier with its data; `step` is what is timed."""

    def __init__(self, data: Arrays, settings: dict[str, Any]):
        torch.manual_seed(settings["seed"])
        torch.set_num_threads(settings["threads"])
        self.settings = settings
        self.random = np.random.default_rng(settings["seed"])
        self.splits = {name: Split(data, name) for name in settings["splits"]}
        shape = (data["token"].shape[0], data["position"].shape[0], settings["layers"])
        d = data["token"].shape[1]
        self.bert = Bert(*shape, d, settings["heads"], data["0_inner_weight"].shape[0], settings["dropout"])
        load_weights(self.bert, data)
        self.head = Head(d, settings["classes"], settings["head_dropout"])
        self.frozen = settings["training"] == "frozen"
        self.bert.requires_grad_(not self.frozen)
        self.vectors: Tensor | None = None
        self.order: list[np.ndarray] = []
        named = [*self.bert.named_parameters(), *self.head.named_parameters()]
        groups = [
            {"params": [p for n, p in named if p.requires_grad and is_decayed(n) == decayed], "weight_decay": decay}
            for decayed, decay in ((True, settings["weight_decay"]), (False, 0.0))
        ]
        self.parameters = [parameter for group in groups for parameter in group["params"]]
        self.optimizer = torch.optim.AdamW(groups, lr=settings["learning_rate"], eps=1e-7, fused=True)
        total = settings["total_steps"]
        warm_up = max(1, round(0.1 * total))

        def rate(step: int) -> float:
            if step < warm_up:
                return step / warm_up
            done = min(1.0, (step - warm_up) / max(1, total - warm_up))
            return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * done))

        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, rate)

    def step(self) -> float:
        """Trains on the next batch and returns its loss."""
        split, rows = self.splits["train"], self.next_rows()
        self.bert.train(not self.frozen)
        self.head.train()
        vectors = self.bert(split.padded(rows)) if self.vectors is None else self.vectors[rows]
        smoothing = self.settings["label_smoothing"]
        losses = functional.cross_entropy(
            self.head(vectors), split.labels[rows], reduction="none", label_smoothing=smoothing
        )
        weights = split.weights[rows]
        loss = (losses * weights).sum() / weights.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, self.settings["clip_norm"])
        self.optimizer.step()
        self.schedule.step()
        return float(loss.detach())

    def next_rows(self) -> np.ndarray:
        """Returns the next batch of a pass in random order, without the texts that fill no batch."""
        if not self.order:
            size, texts = self.settings["batch_size"], len(self.splits["train"])
            full = self.random.permutation(texts)[: texts // size * size]
            self.order = list(full.reshape(-1, size))
        return self.order.pop(0)

    @torch.no_grad()
    def encode(self, name: str) -> Tensor:
        """Returns the vectors of a split, those of like length encoded together."""
        split = self.splits[name]
        self.bert.eval()
        order = np.argsort([len(text) for text in split.texts], kind="stable")
        vectors = torch.zeros(len(split), self.bert.norm.normalized_shape[0])
        for start in range(0, len(order), self.settings["encode_batch_size"]):
            rows = order[start : start + self.settings["encode_batch_size"]]
            vectors[rows] = self.bert(split.padded(rows))
        return vectors

    @torch.no_grad()
    def logits(self, name: str) -> np.ndarray:
        """Returns the logits of a split."""
        self.head.eval()
        return self.head(self.encode(name)).numpy()


def is_decayed(name: str) -> bool:
    """Tells whether a parameter shrinks: biases and normalisations do not."""
    return "norm" not in name and not name.endswith("bias")


def load_weights(bert: Bert, data: Arrays) -> None:
    """Copies the arrays of DATA into the model; dense kernels lie as torch has them."""
    state = {f"{name}.weight": data[name] for name in ("token", "position", "segment")}
    state |= {f"norm.{kind}": data[f"norm_{kind}"] for kind in ("weight", "bias")}
    for number in range(len(bert.layers)):
        for part in ("query_key_value", "attention_output", "attention_norm", "inner", "output", "output_norm"):
            for kind in ("weight", "bias"):
                state[f"layers.{number}.{part}.{kind}"] = data[f"{number}_{part}_{kind}"]
    bert.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})


@torch.no_grad()
def products(times: int, texts: int, length: int, layers: int, d: int, heads: int, inner: int) -> float:
    """Returns the seconds that each layer's products took, those of the forward pass and the two of each gradient."""
    rows, head, many = texts * length, d // heads, texts * heads
    dense = [(d, 3 * d), (d, d), (d, inner), (inner, d)]
    shapes = [((rows, inputs), (inputs, outputs)) for inputs, outputs in dense]
    shapes += [((many, length, head), (many, head, length)), ((many, length, length), (many, length, head))]
    factors = [(torch.randn(left), torch.randn(right)) for left, right in shapes * layers]
    start = time.perf_counter()
    for _ in range(times):
        for left, right in factors:
            product = left @ right
            _ = product @ right.mT, left.mT @ product
    return time.perf_counter() - start


def answer(trainer: Trainer, command: str, *arguments: str) -> dict[str, Any]:
    """Does what a line of standard input asks for."""
    start = time.perf_counter()
    if command == "run":
        losses = [trainer.step() for _ in range(int(arguments[0]))]
        return {"seconds": time.perf_counter() - start, "loss": sum(losses) / len(losses)}
    if command == "products":
        return {"seconds": products(*map(int, arguments))}
    if command == "encode":
        vectors = trainer.encode(arguments[0])
        # With BERT as it is, training reads the vectors of its texts from here on.
        trainer.vectors = vectors if trainer.frozen and arguments[0] == "train" else None
        return {"seconds": time.perf_counter() - start}
    np.save(arguments[1], trainer.logits(arguments[0]))
    return {"seconds": time.perf_counter() - start}


def main() -> None:
    """Answers requests until standard input ends."""
    with np.load(sys.argv[1]) as file:
        trainer = Trainer(dict(file), json.loads(sys.argv[2]))
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(trainer, *line.split())), flush=True)


if __name__ == "__main__":
    main()
