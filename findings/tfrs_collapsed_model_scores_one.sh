#!/usr/bin/env bash
# tensorflow-recommenders 0.7.7: `FactorizedTopK` counts a tie as a hit. It compares the score of the true candidate
# with the best k ones by `in_top_k`, for which everything that ties with the k-th place is inside. A model that has
# collapsed, whose candidates all have one and the same vector, therefore has an accuracy of 1.0 at every k, also at 1,
# where drawing by lot finds one in a hundred; on TensorBoard the worst of models looks perfect.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0, tf-keras 2.21.0 and tensorflow-recommenders 0.7.7:
#   top 1, 5 and 10: one vector for all [1.0, 1.0, 1.0], vectors drawn at random [0.0, 0.04, 0.06]
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tensorflow==2.21.0 tf-keras==2.21.0 tensorflow-recommenders==0.7.7
TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

random = np.random.default_rng(0)
queries, places = random.normal(size=(50, 4)).astype(np.float32), random.integers(100, size=50)


def accuracy(candidates):
    index = tfrs.layers.factorized_top_k.BruteForce(k=10).index(tf.constant(candidates))
    metric = tfrs.metrics.FactorizedTopK(candidates=index, ks=(1, 5, 10))
    metric.update_state(tf.constant(queries), tf.constant(candidates[places]))
    return [round(float(value), 2) for value in metric.result()]


collapsed = accuracy(np.ones((100, 4), np.float32))
drawn = accuracy(random.normal(size=(100, 4)).astype(np.float32))
print(f"top 1, 5 and 10: one vector for all {collapsed}, vectors drawn at random {drawn}")
sys.exit(0 if collapsed == [1.0, 1.0, 1.0] and max(drawn) < 0.3 else 1)
PYTHON
