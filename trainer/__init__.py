"""Keras models: what learns from examples and becomes a SavedModel."""

import os

# Every process that trains, runs a component or a Beam worker imports this package before it touches TensorFlow, so
# this is the one place that sets what TensorFlow reads from the environment.
# tensorflow-recommenders needs legacy Keras behind `tf.keras`.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
# A run takes no more of a GPU's memory than it needs: the servers that try its models beside it need some too.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
