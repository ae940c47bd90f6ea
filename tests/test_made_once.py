"""Folders that workers share."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.made_once import made_once


def test_whoever_asks_first_makes_it_and_the_others_wait(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole")

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(made_once, tmp_path_factory, "of_this_test", make) for _ in range(4)]
        folders = [each.result() for each in asked]
    assert {(folder / "file").read_text() for folder in folders} == {"whole"}
    assert made == folders[:1]


def test_what_failed_is_made_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        made_once(tmp_path_factory, "fails", fail)
    assert (made_once(tmp_path_factory, "fails", lambda folder: (folder / "file").touch()) / "file").exists()
