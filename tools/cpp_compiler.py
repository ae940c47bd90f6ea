"""A C++ compiler for the one package that has no wheel (pyfarmhash), on a system that has none.

It is Zig's, from PyPI, which needs nothing of the system; the folder that it is unpacked into can go after the set-up.
"""

import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tools.locked_versions import PIP_OPTIONS
from tools.setup_errors import SetupError
from tools.setup_process import Runner

COMPILER_LOCK = Path(__file__).with_name("compiler.lock")
_VARIABLES = {"CC": "cc", "CXX": "c++"}


def has_compiler(variables: Mapping[str, str]) -> bool:
    """Returns whether the compilers that Python builds extensions with can be found.

    Args:
        variables: the environment, whose CC and CXX go before those that Python itself was built with.
    """
    commands = [variables.get(name) or str(sysconfig.get_config_var(name) or "") for name in _VARIABLES]
    return all(command and shutil.which(command.split()[0], path=variables.get("PATH")) for command in commands)


def check_headers(folder: Path) -> None:
    """Checks that Python's own headers are there, without which no extension can be built.

    Args:
        folder: where this Python keeps them.

    Raises:
        SetupError: they are not; the message says how to get them.
    """
    if not (folder / "Python.h").is_file():
        raise SetupError(
            f"{folder / 'Python.h'} is missing, and one package is built from source. Install Python's headers (on "
            "Debian and Ubuntu: apt install python3.11-dev), or name another Python: make PYTHON=/path/to/python3.11 "
            "setup"
        )


def install_compiler(folder: Path, python: Path, runner: Runner) -> dict[str, str]:
    """Unpacks the locked compiler into a folder and returns the variables by which builds find it.

    Args:
        folder: where to; it is made.
        python: a Python with pip.
        runner: runs pip.

    Raises:
        SetupError: it could not be downloaded.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command: list[str | Path] = [python, "-m", "pip", "install", *PIP_OPTIONS, "--target", folder, "-r", COMPILER_LOCK]
    runner.run(command, "installing a C++ compiler")
    variables = {}
    for name, program in _VARIABLES.items():
        script = folder / f"zig-{program}"
        script.write_text(f'#!/bin/sh\nexec "{folder}/ziglang/zig" {program} "$@"\n', "utf-8")
        script.chmod(0o755)
        variables[name] = str(script)
    # Its own cache would otherwise go into the user's home.
    return variables | {"ZIG_GLOBAL_CACHE_DIR": os.fspath(folder / "cache")}
