"""The peer of benchmarks/search_latency.py: sentence-transformers encodes queries one at a time and says how long.

Reads a folder of weights from the command line, then a line of JSON with queries after the other; answers each with a
line of JSON with the milliseconds of each query.
"""

import json
import sys
import time

import sentence_transformers
import torch


def main() -> None:
    """Answers until the input ends."""
    model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
    torch.set_num_threads(int(sys.argv[2]))
    print(json.dumps({"version": sentence_transformers.__version__}), flush=True)
    for line in sys.stdin:
        milliseconds = []
        for query in json.loads(line):
            started = time.perf_counter()
            model.encode([query], normalize_embeddings=True, show_progress_bar=False)
            milliseconds.append((time.perf_counter() - started) * 1e3)
        print(json.dumps(milliseconds), flush=True)


if __name__ == "__main__":
    main()
