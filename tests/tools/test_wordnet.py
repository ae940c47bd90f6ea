from pathlib import Path

from tests.tools.test_private_glibc import DEBIAN_12, fake_program, system_folder
from tools.setup_process import Runner
from tools.wordnet import fetch_wordnet


def fetched(folder: Path, sources: str, apt_get: str) -> tuple[bool, Path]:
    etc = system_folder(folder, DEBIAN_12, sources)
    work_folder, programs = folder / "download", folder / "programs"
    work_folder.mkdir()
    fake_program(programs, "apt-get", apt_get)
    fake_program(
        programs, "dpkg-deb", 'mkdir -p "$3/usr/share/wordnet" && echo nouns > "$3/usr/share/wordnet/data.noun"'
    )
    target = folder / "environment" / "share" / "wordnet"
    return fetch_wordnet(target, work_folder, Runner(folder / "log", {"PATH": f"{programs}:/bin"}, None), etc), target


def test_it_comes_from_the_own_release(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    sources = "deb http://mirror.example.org/debian bookworm main\ndeb http://other.example.org/all any main\n"
    there, target = fetched(tmp_path, sources, f'echo "$*" >> {calls}; case "$*" in *wordnet-base) : > w.deb;; esac')
    assert there
    assert (target / "data.noun").read_text("utf-8") == "nouns\n"
    private = tmp_path / "download" / "sources" / "sources.list"
    assert private.read_text("utf-8") == "deb http://mirror.example.org/debian bookworm main\n"
    assert f"Dir::State={tmp_path}/download" in calls.read_text("utf-8")


def test_a_system_that_has_none_goes_without(tmp_path: Path) -> None:
    assert fetched(tmp_path / "silent", "deb http://mirror.example.org/debian bookworm main\n", "exit 100")[0] is False
    assert fetched(tmp_path / "other", "", "exit 0")[0] is False
