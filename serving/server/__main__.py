"""Runs the embedded server as a process of its own: `python -m serving.server --models DIR`."""

import argparse
import os
import sys
from pathlib import Path

from serving.server.batching_parameters import BatchingParametersError, batching_from_options
from serving.server.main import serve


def main(arguments: list[str] | None = None) -> None:
    """Serves the models of a folder until it is told to stop.

    Args:
        arguments: Command line without the program's name; None takes that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m serving.server", description=main.__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder with <model>/<version>/")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8500, help="gRPC port; 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="is written, with the address in it, once the server answers")
    parser.add_argument("--enable-batching", action="store_true", help="compute concurrent requests together")
    parser.add_argument("--batching-parameters-file", type=Path, help="text-format BatchingParameters of TF Serving")
    options = parser.parse_args(arguments)
    try:
        batching = batching_from_options(options.enable_batching, options.batching_parameters_file)
    except BatchingParametersError as error:
        parser.error(str(error))

    def announce(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def write_ready_file(address: str) -> None:
        if options.ready_file is not None:
            # Renamed into place, so that a reader never sees half an address.
            partial = options.ready_file.with_name(options.ready_file.name + ".partial")
            partial.write_text(address, encoding="utf-8")
            os.replace(partial, options.ready_file)

    serve(
        options.models,
        options.host,
        options.port,
        batching=batching,
        announce=announce,
        on_ready=write_ready_file,
    )


if __name__ == "__main__":
    main()
