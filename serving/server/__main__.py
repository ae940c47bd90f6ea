"""Runs the embedded server as a process of its own: `python -m serving.server --models DIR`."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves models until it is told to stop.

    Args:
        arguments: Command line without the program's name; None takes that of the process.
    """
    # TensorFlow's warnings quote what clients sent. It looks at this when it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from serving.server.errors import StatusError
    from serving.server.main import serve
    from serving.server.model_config import ModelConfigError
    from serving.server.options import read_options
    from serving.server.request_log import write_lines
    from serving.server.settings import ServerAddresses

    options = read_options(arguments)
    write_lines(sys.stderr)

    def announce(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def write_ready_file(addresses: ServerAddresses) -> None:
        if options.ready_file is not None:
            # Renamed into place, so that a reader never sees half an address.
            partial = options.ready_file.with_name(options.ready_file.name + ".partial")
            partial.write_text("\n".join(filter(None, (addresses.grpc, addresses.rest))), encoding="utf-8")
            os.replace(partial, options.ready_file)

    try:
        serve(options.models, options.settings, announce=announce, on_ready=write_ready_file)
    except (ModelConfigError, StatusError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
