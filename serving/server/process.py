"""A process that does nothing but serve."""

import functools
import os
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from serving.server.main import serve
from serving.server.options import Options
from serving.server.ready_file import ready_file, remove_ready_file
from serving.server.request_log import write_lines

# Beside those of connections: models, logs, sockets that listen.
_OTHER_DESCRIPTORS = 200
_PORTS = 2


def serve_process(options: Options, announce: Callable[[str], None]) -> None:
    """Serves until the process is told to stop, with the request log on standard error.

    Told to stop, the process ends within its time to drain: what is still computed then is left behind.

    Args:
        options: What the command line says.
        announce: Is told in a line what the server does.

    Raises:
        ModelConfigError: The file of models cannot be used.
        OSError: A port is taken or may not be used, or the process may not have the descriptors for its connections.
        StatusError: A label names a version that is not loaded.
    """
    write_lines(sys.stderr)
    raise_descriptor_limit(_PORTS * options.settings.max_connections + _OTHER_DESCRIPTORS)
    leave = functools.partial(_leave, options.ready_file, announce)
    timer = threading.Timer(options.settings.drain_seconds, leave)
    timer.daemon = True
    with ready_file(options.ready_file) as write:
        serve(options.models, options.settings, announce=announce, on_ready=write, on_stopping=timer.start)


def raise_descriptor_limit(needed: int) -> None:
    """Lets the process have at least so many descriptors.

    Raises:
        OSError: The system allows fewer.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise OSError(
            f"--max_connections needs {needed} descriptors, and this process may have {hard}. Give a smaller number of "
            "connections, or allow more descriptors (ulimit -n)."
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _leave(ready: Path | None, announce: Callable[[str], None]) -> None:
    announce("stopped; what was still computed is left behind")
    remove_ready_file(ready)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that compute cannot be ended, and Python would wait for them.
    os._exit(0)
