#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: under `MirroredStrategy` with two replicas, `fit` gives the last batch of one row to
# one replica and nothing to the other, and takes the mean over the replicas: the step is half as long as it is on one
# device, without a word. A first batch that cannot be halved evenly (1 or 3 rows) ends in an InvalidArgumentError about
# AddN's inputs. So a training with as many rows as there happen to be in a shop's table differs between one device and
# two, or fails, by what is left after the last whole batch.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0 and keras 3.15.1 (weight after batches of 4 rows, one device
# and two): 4 rows 0.20 0.20, 5 rows 0.36 0.28, 3 rows 0.20 InvalidArgumentError
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import sys

import keras
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def learned(rows, strategy):
    with strategy.scope():
        dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((1,)), dense])
        model.compile(keras.optimizers.SGD(0.1), "mse")
    ones = np.ones((rows, 1), np.float32)
    try:
        model.fit(tf.data.Dataset.from_tensor_slices((ones, ones)).batch(4), verbose=0, shuffle=False)
    except tf.errors.InvalidArgumentError as error:
        return type(error).__name__
    return f"{model.get_weights()[0][0, 0]:.2f}"


both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
found = {rows: (learned(rows, tf.distribute.get_strategy()), learned(rows, both)) for rows in (4, 5, 3)}
print(", ".join(f"{rows} rows {one} {two}" for rows, (one, two) in found.items()))
sys.exit(0 if found == {4: ("0.20", "0.20"), 5: ("0.36", "0.28"), 3: ("0.20", "InvalidArgumentError")} else 1)
PYTHON
