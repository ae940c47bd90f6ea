"""Every test that SECURITY.md names is there."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_TEST = re.compile(r"`(tests/\S+\.py)::(test_\w+)`")


def test_each_threat_is_held_by_a_test_that_exists() -> None:
    text = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    named = _TEST.findall(text)
    sources = {file: (PROJECT / file).read_text(encoding="utf-8") for file, _ in named}
    assert [name for file, name in named if f"def {name}(" not in sources[file]] == []
    rows = [line for line in text.splitlines() if line.startswith("| ") and "held by" not in line and "---" not in line]
    assert len(rows) > 10
    assert [row for row in rows if not _TEST.search(row)] == []
