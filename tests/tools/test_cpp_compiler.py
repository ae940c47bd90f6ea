"""Which systems have a compiler."""

from pathlib import Path

import pytest

from tools.cpp_compiler import COMPILER_LOCK, has_compiler
from tools.locked_versions import locked_requirement


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name in ("cc", "c++", "clang"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CC": "cc -pthread", "CXX": "c++"}, True),
        ({"CC": "clang", "CXX": "clang++"}, False),
        ({"CC": "nothing", "CXX": "c++"}, False),
    ],
)
def test_both_compilers_have_to_be_there(programs: Path, variables: dict[str, str], expected: bool) -> None:
    assert has_compiler({**variables, "PATH": str(programs)}) is expected
    assert not has_compiler({**variables, "PATH": "/nowhere"})


def test_the_compiler_is_locked() -> None:
    assert locked_requirement(COMPILER_LOCK, "ziglang").startswith("ziglang==")
