"""What TensorFlow reads from the environment when it is imported."""

import os


def prepare_tensorflow() -> None:
    """Sets what suits a server, unless the user has set it; call this before TensorFlow is imported."""
    # Warnings quote what clients sent.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # For the small products of one request oneDNN's preparations take longer than they save.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
