"""Keeps a terminal readable while libraries log."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def logs_in(file: Path) -> Iterator[TextIO]:
    """Sends all that libraries log or print, Python's and C++'s alike, to a file while the context lasts.

    TensorFlow, Beam and TFX write to the process's own standard output and error; only moving the two file
    descriptors keeps a terminal readable.

    Yields:
        A stream to the terminal, or whatever standard output was before.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    saved = [os.dup(1), os.dup(2)]
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    handler = logging.StreamHandler(stream := file.open("a", encoding="utf-8", buffering=1))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(processName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        with warnings.catch_warnings():
            logging.captureWarnings(True)
            yield terminal
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        for descriptor, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        stream.close()
        terminal.close()
