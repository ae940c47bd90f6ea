"""tools/setup.sh: which Python is taken, and what is said if there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A program that passes for a CPython 3.11 and says what it was asked to run.
FITS = '#!/bin/sh\ncase "$*" in *version_info*) exit 0;; *) echo "$0 $*";; esac\n'
DOES_NOT_FIT = '#!/bin/sh\ncase "$*" in *version_info*) exit 1;; *) echo "$0 $*";; esac\n'


def run_script(folder: Path, programs: dict[str, str], **variables: str) -> tuple[int, str, str]:
    """Runs the script in a copy of the tools with nothing but the given programs on PATH."""
    root, path = folder / "checkout", folder / "programs"
    (root / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "setup.sh", root / "tools")
    path.mkdir()
    dirname = shutil.which("dirname")
    assert dirname is not None
    (path / "dirname").symlink_to(dirname)
    for name, content in programs.items():
        (path / name).write_text(content, "utf-8")
        (path / name).chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", str(root / "tools" / "setup.sh")],
        env={"PATH": str(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_no_python_is_one_line(tmp_path: Path) -> None:
    code, output, errors = run_script(tmp_path, {})
    assert (code, output) == (1, "")
    assert errors.startswith("set-up: no CPython 3.11 found as python3.11, python3 or python; install it")
    assert "make PYTHON=/path/to/python3.11 setup" in errors
    assert errors.count("\n") == 1


def test_another_version_is_not_taken(tmp_path: Path) -> None:
    code, _, errors = run_script(tmp_path, {"python3": DOES_NOT_FIT, "python": DOES_NOT_FIT})
    assert code == 1
    assert "no CPython 3.11 found" in errors


def test_first_that_fits_is_taken(tmp_path: Path) -> None:
    code, output, errors = run_script(tmp_path, {"python3.11": DOES_NOT_FIT, "python3": DOES_NOT_FIT, "python": FITS})
    assert (code, errors) == (0, "")
    assert output.endswith("programs/python -E -s -m tools.setup_environment\n")


def test_named_python_goes_first_and_is_checked(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text(FITS, "utf-8")
    mine.chmod(0o755)
    code, output, _ = run_script(tmp_path / "a", {"python3.11": FITS}, PYTHON=str(mine))
    assert (code, output) == (0, f"{mine} -E -s -m tools.setup_environment --chosen\n")
    code, _, errors = run_script(tmp_path / "b", {"python3.11": FITS}, PYTHON="/missing/python")
    assert code == 1
    assert errors == (
        "set-up: PYTHON=/missing/python is not a working CPython 3.11; name one that is, or leave PYTHON out.\n"
    )


def test_real_python_passes_the_check(tmp_path: Path) -> None:
    code, _, errors = run_script(tmp_path, {}, PYTHON=sys.executable)
    # It is accepted, and then finds that this copy holds no tools to run.
    assert code == 1
    assert "tools.setup_environment" in errors
    assert "not a working" not in errors
