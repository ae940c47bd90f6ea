"""Runs the embedded server as a process of its own: `python -m serving.server --models DIR`."""

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
    from serving.server.models.model_config import ModelConfigError
    from serving.server.monitoring_config import MonitoringConfigError
    from serving.server.options import read_options
    from serving.server.process import serve_process

    def announce(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    try:
        serve_process(read_options(arguments), announce)
    except (BatchingParametersError, ModelConfigError, MonitoringConfigError, SslConfigError, StatusError) as error:
        announce(str(error))
        sys.exit(_BAD_INPUT)
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
