"""Memory that the process has freed, and the C library keeps."""

import ctypes


def give_back_freed_memory() -> None:
    """Gives it back to the system, where the C library can (glibc's malloc_trim); call it after much was freed."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
