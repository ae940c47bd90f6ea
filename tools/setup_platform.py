"""Says early that TFX has no wheels for a system or processor, instead of failing in the middle."""

import platform
import sys

from tools.private_glibc import glibc_version
from tools.setup_errors import SetupError

# What ml-metadata 1.21 has wheels for; it is the narrowest of TFX's parts.
_SUPPORTED = {("Linux", "x86_64"), ("Darwin", "arm64")}


def check_platform() -> None:
    """Checks that wheels of all locked packages exist for this machine.

    Raises:
        SetupError: they do not; the message names the machines for which they do.
    """
    system, processor = platform.system(), platform.machine()
    found = f"{system} on {processor}"
    if (system, processor) in _SUPPORTED:
        if sys.maxsize <= 2**32:
            found += " with a 32-bit Python"
        elif system == "Linux" and glibc_version() is None:
            found += " with a C library other than glibc"
        else:
            return
    raise SetupError(
        f"TFX has no wheels for {found}; it has them for Linux with glibc on x86_64 and for macOS on arm64. "
        "Use such a machine, or a container or virtual machine of Linux on x86_64."
    )
