"""Alternating least squares by `implicit`, asked for rankings.

Imports nothing of this project: `python implicit_als.py DATA.npz SETTINGS_JSON`. DATA has the parts of a CSR matrix of
counts, users by products. A line `rank FACTORS` on standard input is answered by a JSON line with a list of the best
`k` products for each of the first `users` rows, what they bought before among them.
"""

import json
import sys
from importlib.metadata import version

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix


def main() -> None:
    """Answers requests until standard input ends."""
    with np.load(sys.argv[1]) as file:
        counts = csr_matrix((file["data"], file["indices"], file["indptr"]), shape=tuple(file["shape"]))
    settings = json.loads(sys.argv[2])
    counts.data = np.log1p(counts.data).astype(np.float32)
    print(json.dumps({"version": version("implicit")}), flush=True)
    for line in sys.stdin:
        model = AlternatingLeastSquares(
            factors=int(line.split()[1]), regularization=0.05, alpha=10.0, iterations=15, random_state=0
        )
        model.fit(counts, show_progress=False)
        rows = np.arange(settings["users"])
        lists, _ = model.recommend(rows, counts[rows], N=settings["k"], filter_already_liked_items=False)
        print(json.dumps({"lists": lists.tolist()}), flush=True)


if __name__ == "__main__":
    main()
