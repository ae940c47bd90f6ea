#!/usr/bin/env bash
# LightGBM 4.7.0: the ranking objective `rank_xendcg` learns from lists in which nothing is relevant, though no order of
# them is better than another. Its gradient there follows random numbers that it draws anew each round. A hundred good
# lists beside 2,000 searches that ended without a click, as a shop's log has them, rank much worse than the hundred
# good ones alone. `lambdarank`, with the same parameters, passes such lists over.
#
# Seen on Linux x86-64 with Python 3.11, lightgbm 4.7.0 and numpy 2.4.6 (NDCG@5 on other lists, without and with):
#   lambdarank 0.761 0.746, rank_xendcg 0.755 0.618
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import lightgbm
import numpy as np

ROWS = 10


def lists(good, empty, seed):
    random = np.random.default_rng(seed)
    features = random.normal(size=(good + empty, ROWS, 5))
    worth = features[:, :, 0] + 0.8 * random.normal(size=(good + empty, ROWS))
    hits = (np.argsort(np.argsort(-worth)) < 2).astype(int)
    hits[good:] = 0
    return features.reshape(-1, 5), hits


def ndcg(hits, scores):
    gains = 1.0 / np.log2(np.arange(2, 7))
    shown = np.take_along_axis(hits, np.argsort(-scores, axis=1)[:, :5], 1) @ gains
    return float(np.mean(shown / gains[:2].sum()))


def trained(objective, empty, seed):
    features, hits = lists(100, empty, seed)
    parameters = {"objective": objective, "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": 1}
    data = lightgbm.Dataset(features, hits.ravel(), group=np.full(len(hits), ROWS))
    model = lightgbm.train(parameters, data, 100)
    others, theirs = lists(500, 0, 9)
    return ndcg(theirs, model.predict(others).reshape(-1, ROWS))


found = {
    name: [np.mean([trained(name, empty, seed) for seed in range(3)]) for empty in (0, 2000)]
    for name in ("lambdarank", "rank_xendcg")
}
print(", ".join(f"{name} {alone:.3f} {beside:.3f}" for name, (alone, beside) in found.items()))
lost = {name: alone - beside for name, (alone, beside) in found.items()}
sys.exit(0 if lost["rank_xendcg"] > 0.08 and lost["lambdarank"] < 0.04 else 1)
PYTHON
