import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.private_glibc import REQUIRED_GLIBC, fetch_libraries, glibc_version, later_release
from tools.setup_errors import SetupError
from tools.setup_process import Runner

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'
FOUND = (2, 36)


def system_folder(folder: Path, os_release: str, sources: str = "") -> Path:
    etc = folder / "etc"
    (etc / "apt").mkdir(parents=True)
    (etc / "os-release").write_text(os_release, "utf-8")
    (etc / "apt" / "sources.list").write_text(sources, "utf-8")
    return etc


def fetch(folder: Path, etc: Path, path: str) -> None:
    work_folder = folder / "download"
    work_folder.mkdir()
    runner = Runner(folder / "log", {"PATH": path}, None)
    fetch_libraries(folder / "glibc", work_folder, runner, FOUND, etc)


def fake_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        (DEBIAN_12, ("bookworm", "trixie")),
        ("ID=ubuntu\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n", ("jammy", "noble")),
        ("ID=linuxmint\nVERSION_CODENAME=victoria\nUBUNTU_CODENAME=jammy\n", ("jammy", "noble")),
    ],
)
def test_later_release_of_known_systems(os_release: str, expected: tuple[str, str]) -> None:
    assert later_release(os_release, FOUND) == expected


def test_unknown_system_is_told_what_to_use(tmp_path: Path) -> None:
    etc = system_folder(tmp_path, 'PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\nID="rocky"\n')
    with pytest.raises(SetupError) as failure:
        fetch(tmp_path, etc, os.environ["PATH"])
    message = str(failure.value)
    assert "\n" not in message
    for part in ("glibc is 2.36", "2.39 or newer", "Rocky Linux 9.4", "Debian 13", "Ubuntu 24.04"):
        assert part in message


def test_system_without_apt_is_told_what_to_use(tmp_path: Path) -> None:
    etc = system_folder(tmp_path, DEBIAN_12)
    with pytest.raises(SetupError, match=r"without `apt-get` no newer one can be fetched: use .*Debian 13"):
        fetch(tmp_path, etc, str(tmp_path))


def test_sources_of_third_parties_alone_are_not_enough(tmp_path: Path) -> None:
    etc = system_folder(tmp_path, DEBIAN_12, "deb http://third.example.org/apt stable main\n")
    programs = tmp_path / "programs"
    for name in ("apt-get", "dpkg-deb"):
        fake_program(programs, name, "exit 0")
    with pytest.raises(SetupError, match="no apt source here names `bookworm main`"):
        fetch(tmp_path, etc, str(programs))


def test_failed_download_says_what_it_was_for(tmp_path: Path) -> None:
    etc = system_folder(tmp_path, DEBIAN_12, "deb http://mirror.example.org/debian bookworm main\n")
    programs = tmp_path / "programs"
    fake_program(programs, "dpkg-deb", "exit 0")
    # apt-get update says why and ends with 0; download then finds nothing.
    script = (
        'case "$*" in *update) echo "W: Temporary failure resolving";; *) echo "E: Unable to locate"; exit 100;; esac'
    )
    fake_program(programs, "apt-get", script)
    with pytest.raises(SetupError, match=r"the glibc of trixie .*2\.36.*2\.39.* failed: the network does not answer"):
        fetch(tmp_path, etc, str(programs))
    assert not (tmp_path / "glibc").exists()


def test_apt_is_kept_within_the_work_folder_and_libraries_are_laid_out_flat(tmp_path: Path) -> None:
    etc = system_folder(tmp_path, DEBIAN_12, "deb http://mirror.example.org/debian bookworm main\n")
    programs = tmp_path / "programs"
    calls = tmp_path / "calls"
    fake_program(programs, "apt-get", f'echo "$*" >> {calls}; case "$*" in *amd64) : > libc6.deb;; esac')
    unpack = (
        'd="$3/usr/lib/x86_64-linux-gnu"; mkdir -p "$d/gconv" "$3/usr/lib64"; '
        'echo loader > "$d/ld-linux-x86-64.so.2"; ln -s /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$3/usr/lib64/"; '
        'echo c > "$d/libc.so.6"; echo x > "$d/libstdc++.so.6.0.33"; ln -s libstdc++.so.6.0.33 "$d/libstdc++.so.6"; '
        'echo g > "$d/gconv/UTF-16.so"'
    )
    fake_program(programs, "dpkg-deb", unpack)
    fetch(tmp_path, etc, f"{programs}:/usr/bin:/bin")
    runtime = tmp_path / "glibc"
    assert sorted(path.name for path in runtime.iterdir()) == [
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libstdc++.so.6",
        "libstdc++.so.6.0.33",
    ]
    assert (runtime / "ld-linux-x86-64.so.2").read_text("utf-8") == "loader\n"
    assert (runtime / "libstdc++.so.6").read_text("utf-8") == "x\n"
    update, download = calls.read_text("utf-8").splitlines()
    for call in (update, download):
        for option in ("sourceparts", "State", "State::lists", "Cache"):
            assert f"{option}={tmp_path}/download" in call
        assert "Dir::Etc::sourcelist=/dev/null" in call
    assert download.endswith("download libc6:amd64 libstdc++6:amd64 libgcc-s1:amd64")


def test_glibc_version_agrees_with_the_loader() -> None:
    found = glibc_version()
    if sys.platform != "linux" or shutil.which("getconf") is None:
        assert found is None or len(found) == 2
        return
    system = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True).stdout
    assert found is not None
    # This environment's glibc is the system's or a newer one of its own, and new enough.
    assert found >= max(REQUIRED_GLIBC, tuple(int(part) for part in system.split()[1].split(".")))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_c_libraries_all_come_from_one_place() -> None:
    # pyarrow's library has a search path of its own; it must not bring in the system's C++ library.
    code = "import pyarrow; print(open('/proc/self/maps').read())"
    maps = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    private = Path(sys.prefix) / "glibc"
    own = {path.name for path in private.glob("*.so*")}
    loaded = {Path(line.split()[-1]) for line in maps.splitlines() if ".so" in line}
    assert [path for path in loaded if path.name in own and path.parent != private] == []
