"""Fetches the database of WordNet, which a search in English reads words that a catalogue lacks with."""

from pathlib import Path

from tools.apt_sources import private_apt_options, rewrite_sources
from tools.os_release import codename_of, read_os_release, release_fields
from tools.setup_process import Runner

_PACKAGE, _PLACE = "wordnet-base", "usr/share/wordnet"


def fetch_wordnet(target: Path, work_folder: Path, runner: Runner, system_folder: Path = Path("/etc")) -> bool:
    """Fetches it from the system's distribution with apt-get, as an ordinary user.

    Args:
        target: the folder to make; it appears complete or not at all.
        work_folder: an empty folder for downloads, on the same file system.
        runner: runs apt-get and dpkg-deb.
        system_folder: the system's configuration: `os-release` and `apt/`.

    Returns:
        Whether it is there: a system without apt, or without a network, has none.
    """
    codename = codename_of(release_fields(read_os_release(system_folder)))
    sources = rewrite_sources(system_folder / "apt", codename, codename) if codename else {}
    if not sources:
        return False
    options = private_apt_options(work_folder, sources)
    runner.run(["apt-get", *options, "update"], "reading the package list", may_fail=True)
    runner.run(["apt-get", *options, "download", _PACKAGE], "fetching WordNet", folder=work_folder, may_fail=True)
    unpacked = work_folder / "unpacked"
    for package in work_folder.glob("*.deb"):
        runner.run(["dpkg-deb", "-x", package, unpacked], "unpacking WordNet", may_fail=True)
    found = unpacked / _PLACE
    if not found.is_dir():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    found.rename(target)
    return True
