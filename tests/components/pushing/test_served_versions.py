"""Which version is the newest, and whether two are the same."""

from pathlib import Path

from components.pushing.served_versions import latest_version, push_folder, same_files


def test_the_newest_is_the_largest_number(tmp_path: Path) -> None:
    assert latest_version(str(tmp_path / "model")) == ""
    (tmp_path / "model").mkdir()
    assert latest_version(str(tmp_path / "model")) == ""
    for name in ("9", "10", ".pushing-11", "temp", "²"):
        (tmp_path / "model" / name).mkdir()
    assert latest_version(str(tmp_path / "model")) == str(tmp_path / "model" / "10")


def test_a_pushed_model_can_be_read_by_a_server_of_another_user(tmp_path: Path) -> None:
    model = tmp_path / "artifact" / "model"
    (model / "assets").mkdir(mode=0o700, parents=True)
    (model / "assets" / "words").touch(0o600)
    pushed = Path(push_folder(str(model), str(tmp_path / "serving")))
    assert {path.stat().st_mode & 0o777 for path in pushed.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (pushed, pushed / "assets")} == {0o755}


def test_the_same_files_are_those_of_the_same_names_and_content(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "file").write_bytes(b"content")
    left, right = str(tmp_path / "a"), str(tmp_path / "b")
    assert same_files(left, right)
    (tmp_path / "b" / "inner" / "file").write_bytes(b"CONTENT")
    assert not same_files(left, right)
    (tmp_path / "b" / "inner" / "file").write_bytes(b"content")
    (tmp_path / "b" / "more").touch()
    assert not same_files(left, right)
    assert not same_files(left, str(tmp_path / "gone"))
