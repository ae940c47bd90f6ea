"""The pages that people read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(path for path in ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "kubeflow" / "README.md",
    ROOT / "tests" / "contracts" / "tf_serving" / "README.md",
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str = "") -> list[str]:
    """Returns the blocks of code of a page that name a language, or none."""
    return [content for named, content in _BLOCK.findall(page.read_text("utf-8")) if named == language]


def prose(page: Path) -> str:
    """Returns a page without its blocks of code."""
    return _BLOCK.sub("", page.read_text("utf-8"))


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))
