"""The file that says where a server answers is there while it does."""

from pathlib import Path

import pytest

from serving.server.ready_file import ServerAddresses, ready_file


def test_the_file_is_there_while_the_server_answers(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    path.write_text("left by a server that was killed")
    with ready_file(path) as write:
        assert not path.exists()
        write(ServerAddresses("127.0.0.1:1", "127.0.0.1:2"))
        assert path.read_text() == "127.0.0.1:1\n127.0.0.1:2"
    assert list(tmp_path.iterdir()) == []


def test_the_file_goes_when_the_server_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with ready_file(tmp_path / "ready") as write:
            write(ServerAddresses("127.0.0.1:1"))
            raise OSError("taken")

    with pytest.raises(OSError, match="taken"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_nothing_is_written() -> None:
    with ready_file(None) as write:
        write(ServerAddresses("127.0.0.1:1"))
