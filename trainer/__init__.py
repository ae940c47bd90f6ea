"""Keras models: what learns from examples and becomes a SavedModel."""

import os

# tensorflow-recommenders needs legacy Keras behind `tf.keras`, and the choice is made when TensorFlow's
# Keras is first touched. Every process that trains, runs a component or a Beam worker imports this
# package first, so this is the one place that sets it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
