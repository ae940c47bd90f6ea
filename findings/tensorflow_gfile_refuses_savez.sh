#!/usr/bin/env bash
# tensorflow 2.21.0 with numpy 2.4: `numpy.savez` into `tf.io.gfile.GFile(path, "wb")` raises PermissionDeniedError "File isn't
# open for reading", where `numpy.save` and `pickle.dump` into such a file do well. zipfile asks the file where it stands
# before it writes, and GFile answers that by its reading half; a file that fails there is left behind with no content.
# Write the archive into io.BytesIO and hand its bytes to GFile.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0 and numpy 2.4.6:
#   save loads; savez PermissionDeniedError, 0 bytes left; savez by BytesIO loads
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import io
import os
import sys

import numpy as np
import tensorflow as tf

numbers = np.arange(3)


def by_save(path):
    with tf.io.gfile.GFile(path, "wb") as file:
        np.save(file, numbers)


def by_savez(path):
    with tf.io.gfile.GFile(path, "wb") as file:
        np.savez(file, numbers=numbers)


def by_bytes(path):
    held = io.BytesIO()
    np.savez(held, numbers=numbers)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(held.getvalue())


def outcome(write, name):
    path = os.path.join(sys.argv[1], name)
    try:
        write(path)
    except Exception as error:
        return f"{type(error).__name__}, {os.path.getsize(path)} bytes left"
    found = np.load(path)
    found = found if isinstance(found, np.ndarray) else found["numbers"]
    return "loads" if (found == numbers).all() else "loads something else"


found = [outcome(by_save, "a.npy"), outcome(by_savez, "a.npz"), outcome(by_bytes, "b.npz")]
print(f"save {found[0]}; savez {found[1]}; savez by BytesIO {found[2]}")
sys.exit(0 if found == ["loads", "PermissionDeniedError, 0 bytes left", "loads"] else 1)
PYTHON
