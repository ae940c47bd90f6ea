"""A peer of benchmarks/search_latency.py: ONNX Runtime encodes queries one at a time and says how long.

Reads a folder of BERT weights and a number of threads from the command line, exports the encoder in float32, then reads
a line of JSON with queries after the other; answers each with a line of JSON with the milliseconds of each query, from
its tokens to the vectors of them.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import transformers

INPUTS = ["input_ids", "attention_mask"]


def main() -> None:
    """Answers until the input ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        export(sys.argv[1], path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(sys.argv[2])
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
    print(json.dumps({"version": onnxruntime.__version__}), flush=True)
    for line in sys.stdin:
        milliseconds = []
        for query in json.loads(line):
            tokens = tokenizer(query, return_tensors="np", truncation=True)
            inputs = {name: tokens[name].astype(np.int64) for name in INPUTS}
            started = time.perf_counter()
            session.run(None, inputs)
            milliseconds.append((time.perf_counter() - started) * 1e3)
        print(json.dumps(milliseconds), flush=True)


def export(weights: str, path: Path) -> None:
    """Writes the encoder as ONNX, for one text of any length."""
    model = transformers.AutoModel.from_pretrained(weights, attn_implementation="eager").eval()
    tokens = torch.ones((1, 8), dtype=torch.int64)
    torch.onnx.export(
        _Encoder(model),
        (tokens, tokens),
        str(path),
        input_names=INPUTS,
        output_names=["vectors"],
        dynamic_axes={"input_ids": {1: "tokens"}, "attention_mask": {1: "tokens"}, "vectors": {1: "tokens"}},
        dynamo=False,
    )


class _Encoder(torch.nn.Module):
    """The vectors of all tokens, which is what a mean is taken of."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Encodes `(1, tokens)` to `(1, tokens, dimensions)`."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


if __name__ == "__main__":
    main()
