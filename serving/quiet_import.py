"""Imports without what C++ libraries say of the machine."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Drops what is written to standard error while the context lasts; a failed import is raised as ever.

    TensorFlow 2.21 tells of oneDNN and CUDA whenever it is imported, before any log level is in force.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(nowhere)
        os.close(terminal)
