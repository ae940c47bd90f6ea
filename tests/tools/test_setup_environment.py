"""The whole set-up as its own process, on a project that installs in seconds."""

import os
import signal
from pathlib import Path

import pytest

from tests.tools.setup_project import SetupProject


@pytest.fixture
def project(tmp_path: Path) -> SetupProject:
    return SetupProject(tmp_path)


def test_first_call_makes_all_second_does_nothing_and_changes_are_followed(project: SetupProject) -> None:
    code, output, errors = project.run(with_pip=True)
    assert (code, errors) == (0, "")
    assert "1/6 virtual environment of Python 3.11" in output
    assert "6/6 shelfwise itself, and its client" in output
    assert len(output.splitlines()) < 18
    assert project.calls() == ["sync", "install", "install"]
    assert project.complete.exists()
    # Nothing is built with tools that no hash was compared for: what is there came from the lock.
    assert all("--no-build-isolation" in arguments for arguments in project.commands())
    assert "--require-hashes" in project.commands()[0]
    assert project.commands()[2][-4:] == [
        *("--editable", str(project.root / "serving" / "client")),
        *("--editable", str(project.root)),
    ]

    assert project.run() == (0, "", "")
    assert project.calls() == ["sync", "install", "install"]

    with (project.root / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# renewed\n")
    kept = (project.environment / "pyvenv.cfg").stat().st_mtime_ns
    code, output, errors = project.run()
    assert (code, errors) == (0, "")
    assert "have changed; bringing .venv up to date" in output
    assert project.calls() == ["sync", "install", "install"] * 2
    assert (project.environment / "pyvenv.cfg").stat().st_mtime_ns == kept

    # An interpreter that no longer starts, as after moving the checkout or removing the base Python.
    (project.environment / "bin" / "python").unlink()
    (project.environment / "bin" / "python").symlink_to("/missing/python")
    code, output, errors = project.run()
    assert (code, errors) == (0, "")
    assert "making .venv" in output
    assert project.run() == (0, "", "")

    code, output, _ = project.run("--chosen", changes="sys.base_prefix = '/elsewhere'")
    assert code == 0
    assert "is kept; `make clean` first to change that" in output


def test_killed_set_up_holds_its_lock_to_the_end_and_the_next_call_heals_it(project: SetupProject) -> None:
    os.mkfifo(project.gate)
    first = project.start()
    gate = project.open_gate()
    first.kill()
    first.communicate(timeout=60)
    stale = project.environment / "half-written"
    stale.write_text("", "utf-8")
    # The installer is still at work, so the next call must wait for it.
    second = project.start()
    assert second.stdout is not None
    assert "another one is at work in this folder; waiting" in second.stdout.readline()
    project.gate.unlink()
    os.close(gate)
    output, errors = second.communicate(timeout=120)
    assert (second.returncode, errors) == (0, "")
    assert "making .venv" in output
    assert not stale.exists()
    assert project.complete.exists()
    assert project.calls() == ["sync", "sync", "install", "install"]
    assert project.run() == (0, "", "")


def test_terminated_set_up_stops_its_command_and_says_so(project: SetupProject) -> None:
    os.mkfifo(project.gate)
    process = project.start()
    gate = project.open_gate()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    os.close(gate)
    assert (process.returncode, errors) == (1, "set-up: interrupted; the next call does it again.\n")
    assert not project.complete.exists()
    project.gate.unlink()
    code, _, errors = project.run()
    assert (code, errors) == (0, "")


def test_two_at_once_install_once(project: SetupProject) -> None:
    os.mkfifo(project.gate)
    first = project.start()
    gate = project.open_gate()
    second = project.start()
    assert second.stdout is not None
    assert "waiting" in second.stdout.readline()
    project.gate.unlink()
    os.close(gate)
    assert first.communicate(timeout=60)[1] == ""
    assert second.communicate(timeout=60) == ("", "")
    assert (first.returncode, second.returncode) == (0, 0)
    assert project.calls() == ["sync", "install", "install"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("error: failed to write: No space left on device (os error 28)", "set-up: the disk is full: .venv takes 4 GB"),
        (
            "error: Request failed after 3 retries\n  Caused by: dns error",
            "set-up: installing the packages failed: the network does not answer.",
        ),
        ("error: hash mismatch", "set-up: installing the packages failed: error: hash mismatch (build/setup.log"),
    ],
)
def test_failed_installation_is_one_line(project: SetupProject, said: str, expected: str) -> None:
    (project.controls / "failure").write_text(said + "\n", "utf-8")
    code, _, errors = project.run()
    assert code == 1
    assert errors.startswith(expected)
    assert errors.count("\n") == 1
    assert not project.complete.exists()


def test_network_that_is_gone_is_one_line(project: SetupProject) -> None:
    nowhere = {"PIP_FIND_LINKS": "", "PIP_NO_INDEX": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    code, _, errors = project.run(with_pip=True, **nowhere)
    assert code == 1
    assert errors.startswith("set-up: installing uv, setuptools, wheel failed: the network does not answer. Check")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            "import platform; platform.system = lambda: 'Linux'; platform.machine = lambda: 'aarch64'",
            "no wheels for Linux on aarch64; it has them for Linux with glibc on x86_64 and for macOS on arm64. Use",
        ),
        (
            "import platform; platform.system = lambda: 'Windows'; platform.machine = lambda: 'AMD64'",
            "TFX has no wheels for Windows on AMD64;",
        ),
        (
            "import tools.setup_platform as p; p.platform.system = lambda: 'Linux'; "
            "p.platform.machine = lambda: 'x86_64'; p.glibc_version = lambda: None",
            "TFX has no wheels for Linux on x86_64 with a C library other than glibc;",
        ),
        ("setup.find_spec = lambda name: None", "lacks Python's own `venv` or `ensurepip` module. Install it"),
    ],
)
def test_machine_that_cannot_do_it_is_told_in_one_line(project: SetupProject, changes: str, expected: str) -> None:
    code, _, errors = project.run(changes=changes, with_pip=True)
    assert code == 1
    assert errors.startswith("set-up: ")
    assert expected in errors
    assert errors.count("\n") == 1
    assert not (project.environment / "bin").exists()


def test_without_a_compiler_one_is_fetched_for_the_builds_and_goes_again(project: SetupProject) -> None:
    code, output, errors = project.run(changes="setup.has_compiler = lambda variables: False", with_pip=True)
    assert code == 0, errors
    assert "no C++ compiler here" in output
    assert (project.controls / "compiler").read_text() == "zig cc\n"
    assert not (project.environment / "compiler").exists()


def test_without_headers_of_python_one_line_says_how_to_get_them(project: SetupProject) -> None:
    changes = "setup.sysconfig.get_path = lambda name: '/nowhere/include'"
    code, _, errors = project.run(changes=changes, with_pip=True)
    assert code == 1
    assert errors.startswith("set-up: /nowhere/include/Python.h is missing")
    assert errors.count("\n") == 1


def test_environment_of_somebody_else_is_left_alone(project: SetupProject) -> None:
    project.environment.mkdir()
    (project.environment / "precious").write_text("", "utf-8")
    code, _, errors = project.run()
    assert code == 1
    assert "was not made by this set-up; move it away or remove it, and call make again." in errors
    assert errors.count("\n") == 1
    assert [path.name for path in project.environment.iterdir()] == ["precious"]


def test_folder_that_cannot_be_written_is_one_line(project: SetupProject) -> None:
    (project.root / "build").write_text("a file where a folder is wanted", "utf-8")
    code, _, errors = project.run()
    assert code == 1
    assert errors.startswith("set-up: cannot go on at ")
    assert errors.count("\n") == 1
