#!/usr/bin/env bash
# tensorflow 2.21.0: a `tf.function` that signatures call is traced and saved once more if the module holds it as an attribute.
# `tf.saved_model.save` saves such attributes as functions of the module, and does not take the trace that the signatures
# made: the SavedModel has the body twice, both are loaded, and the second trace takes as long as the first. Behind a
# plain Python function, which is not tracked, it is saved once.
#
# Seen on Linux x86-64 with Python 3.11 and tensorflow 2.21.0:
#   saved as an attribute 2 times, behind a plain function 1 times
#
# Installs the package in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os
import sys

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

VALUES = tf.TensorSpec([None], tf.float32, "values")


def times_saved(hidden):
    """Counts the functions with the shared operation in a SavedModel of two signatures that call it."""
    shared = tf.function(tf.math.erfinv, input_signature=[VALUES], autograph=False)
    module = tf.Module()
    module.shared = (lambda values: shared(values)) if hidden else shared
    signatures = {
        name: tf.function(lambda values: {"out": module.shared(values)}, autograph=False).get_concrete_function(VALUES)
        for name in ("one", "other")
    }
    path = os.path.join(sys.argv[1], f"model_{hidden}")
    tf.saved_model.save(module, path, signatures=signatures)
    with open(os.path.join(path, "saved_model.pb"), "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    functions = saved.meta_graphs[0].graph_def.library.function
    return sum(any(node.op == "Erfinv" for node in function.node_def) for function in functions)


found = [times_saved(hidden) for hidden in (False, True)]
print(f"saved as an attribute {found[0]} times, behind a plain function {found[1]} times")
sys.exit(0 if found == [2, 1] else 1)
PYTHON
