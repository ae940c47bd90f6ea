"""The demo's reviews: what an index sends runs only if it is what was expected."""

import io
import tarfile
from pathlib import Path

import pytest

from tfx_pipeline.commands.demo_reviews import prepare_reviews


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_package_of_another_hash_is_not_run(tmp_path: Path, index: Path) -> None:
    ran = tmp_path / "ran"
    files = {
        "setup.py": f"open({str(ran)!r}, 'w')\n"
        "from setuptools import setup\nsetup(name='vaderSentiment', version='3.3.2')",
        "PKG-INFO": "Metadata-Version: 2.1\nName: vaderSentiment\nVersion: 3.3.2\n",
    }
    with tarfile.open(index / "vaderSentiment-3.3.2.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"vaderSentiment-3.3.2/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    missing = prepare_reviews(tmp_path / "reviews")
    assert missing is not None
    assert missing.startswith("pip could not fetch vaderSentiment==3.3.2")
    assert not ran.exists()
    assert not (tmp_path / "reviews" / "texts.parquet").exists()


def test_a_package_that_is_not_to_be_had_is_one_line(tmp_path: Path, index: Path) -> None:
    missing = prepare_reviews(tmp_path / "reviews")
    assert missing is not None
    assert "\n" not in missing
