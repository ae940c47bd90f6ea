"""A process that does nothing but serve."""

import functools
import sys
from collections.abc import Callable

from serving.server.main import serve
from serving.server.options import Options
from serving.server.request_log import write_lines
from serving.server.settings import write_ready_file


def serve_process(options: Options, announce: Callable[[str], None]) -> None:
    """Serves until the process is told to stop, with the request log on standard error.

    Args:
        options: What the command line says.
        announce: Is told in a line what the server does.

    Raises:
        ModelConfigError: The file of models cannot be used.
        OSError: A port is taken or may not be used.
        StatusError: A label names a version that is not loaded.
    """
    write_lines(sys.stderr)
    on_ready = functools.partial(write_ready_file, options.ready_file)
    serve(options.models, options.settings, announce=announce, on_ready=on_ready)
