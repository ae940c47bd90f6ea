#!/usr/bin/env bash
# Keras 3.15.1 (keras/src/callbacks/backup_and_restore.py): with `save_freq` in steps, `BackupAndRestore` saves the
# weights in the middle of an epoch, and after a crash begins that epoch anew with them. Whatever it had learned of the
# epoch up to the save is learned again: the optimizer has taken more steps than the epochs have batches, and learning
# rates that follow the steps end too early. A training that is killed and resumed does not end as one that is not.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0 and keras 3.15.1 (two epochs of 16 batches, saved each 4):
#   steps of the optimizer: undisturbed 32, stopped after batch 7 and resumed 36
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import sys
import tempfile

import keras
import numpy as np


class Stop(Exception):
    pass


class StopAfter(keras.callbacks.Callback):
    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise Stop


def steps(folder, stop_after):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callbacks = [keras.callbacks.BackupAndRestore(folder, save_freq=4), StopAfter(stop_after)]
    ones = np.ones((64, 1), np.float32)
    try:
        model.fit(ones, ones, batch_size=4, epochs=2, verbose=0, shuffle=False, callbacks=callbacks)
    except Stop:
        pass
    return int(model.optimizer.iterations)


undisturbed = steps(tempfile.mkdtemp(), 0)
folder = tempfile.mkdtemp()
steps(folder, 7)
resumed = steps(folder, 0)
print(f"steps of the optimizer: undisturbed {undisturbed}, stopped after batch 7 and resumed {resumed}")
sys.exit(0 if (undisturbed, resumed) == (32, 36) else 1)
PYTHON
