"""Runs the embedded server as a process of its own: `python -m serving.server --models DIR`."""

import functools
import sys
from collections.abc import Sequence

from serving.server.environment import start_tensorflow

_BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves models until it is told to stop.

    Args:
        arguments: Command line without the program's name; None takes that of the process.
    """
    start_tensorflow()
    from serving.server.batching.batching_parameters import BatchingParametersError
    from serving.server.errors import StatusError
    from serving.server.grpc_api.ssl_config import SslConfigError
    from serving.server.main import serve
    from serving.server.models.model_config import ModelConfigError
    from serving.server.monitoring_config import MonitoringConfigError
    from serving.server.options import read_options
    from serving.server.request_log import write_lines
    from serving.server.settings import write_ready_file

    def announce(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    write_lines(sys.stderr)
    try:
        options = read_options(arguments)
        on_ready = functools.partial(write_ready_file, options.ready_file)
        serve(options.models, options.settings, announce=announce, on_ready=on_ready)
    except (BatchingParametersError, ModelConfigError, MonitoringConfigError, SslConfigError, StatusError) as error:
        announce(str(error))
        sys.exit(_BAD_INPUT)
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
