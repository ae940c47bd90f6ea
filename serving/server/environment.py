"""TensorFlow as a server's process starts it."""

import os

from serving.quiet_import import quiet_import


def start_tensorflow() -> None:
    """Imports TensorFlow with what suits a server, unless the user has set it; call this before all other imports.

    Nothing is said of devices that are missing, nor of functions that TensorFlow means to replace.
    """
    # Warnings quote what clients sent.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # For the small products of one request oneDNN's preparations take longer than they save.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with quiet_import():
        import tensorflow as tf

        tf.config.list_physical_devices()
    tf.get_logger().setLevel("ERROR")
