#!/usr/bin/env bash
# tensorflow-recommenders 0.7.7: `tfrs.tasks.Retrieval(...)(…, candidate_sampling_probability=p)` corrects logits by
# -log(p), but clips p to between 1e-6 and 1 before. In a shop of many products a rare one is sampled less often than
# once in a million: it gets the correction of one sampled once in a million, a thousand times too little at 1e-9, so that
# rare products are held for more popular than they are. And counts or expected counts, which the term "sampling
# probability" is easily taken for, become 1 above 1: their correction is 0, the same for all, without an error.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0, tf-keras 2.21.0 and tensorflow-recommenders 0.7.7:
#   1e-3 6.908, 1e-6 13.816, 1e-7 13.816, 1e-9 13.816, 5 0.000, 5000 0.000
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


class Loss(tf.keras.losses.Loss):
    """Keeps the logits that the task hands to its loss."""

    def call(self, labels, logits):
        self.logits = logits
        return tf.zeros(tf.shape(logits)[0])


given = np.array([1e-3, 1e-6, 1e-7, 1e-9, 5.0, 5000.0], np.float32)
loss = Loss()
zeros = tf.zeros((len(given), 4))
tfrs.tasks.Retrieval(loss=loss)(zeros, zeros, candidate_sampling_probability=tf.constant(given))
corrected = loss.logits.numpy()[0]
print(", ".join(f"{p:g} {value:.3f}" for p, value in zip(given, corrected)))
bound = -np.log(1e-6)
sys.exit(0 if np.allclose(corrected, [-np.log(1e-3), bound, bound, bound, 0.0, 0.0], atol=1e-3) else 1)
PYTHON
