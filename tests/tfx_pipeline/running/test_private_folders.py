"""What holds user ids is for its owner alone, also after a failure and in folders of earlier runs."""

from pathlib import Path

import pytest

from tfx_pipeline.running.private_folders import private_folders


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if not path.is_symlink()}


def run_that_fails(root: Path) -> None:
    with private_folders(root):
        assert {(root / name).stat().st_mode & 0o777 for name in ("artifacts", "segments")} == {0o700}
        written = root / "artifacts" / "EventsExampleGen" / "events.parquet"
        written.parent.mkdir()
        written.touch(0o644)
        raise RuntimeError("a node failed")


def test_what_holds_users_is_closed_to_others_before_during_and_after(tmp_path: Path) -> None:
    root = tmp_path / "run"
    earlier = root / "segments" / "users.parquet"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    shared = root / "report.html"
    shared.touch()
    before = shared.stat().st_mode
    with pytest.raises(RuntimeError, match="a node failed"):
        run_that_fails(root)
    assert modes(root / "artifacts") == modes(root / "segments") == {0o700, 0o600}
    assert shared.stat().st_mode == before


def test_a_link_does_not_change_what_lies_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    with private_folders(tmp_path / "run"):
        (tmp_path / "run" / "artifacts" / "link").symlink_to(outside)
        (tmp_path / "run" / "artifacts" / "broken").symlink_to(tmp_path / "nowhere")
    assert outside.stat().st_mode & 0o777 == 0o644
