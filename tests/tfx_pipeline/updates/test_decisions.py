"""A person serves, refuses or takes back a version, and it is known who did it and why."""

from pathlib import Path

import pytest

from components.errors import InputError
from tfx_pipeline.summary.state import PartState, RunState, read_state, write_state
from tfx_pipeline.updates.decisions import approve, decisions, reject, rollback


def version(folder: Path, content: str) -> str:
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(content)
    return str(folder)


def part(pushed: str, made: str) -> PartState:
    return PartState(tables={"events": made}, outputs={"Trainer.model": made}, pushed=pushed)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A shop whose first version is served, and whose second one waits."""
    served = version(tmp_path / "serving" / "shop" / "1", "first")
    waits = version(tmp_path / "serving_waiting" / "shop" / "2", "second")
    state = RunState(config={}, parts={"shop": part(served, "first")}, waiting={"shop": part(waits, "second")})
    write_state(tmp_path, state)
    return tmp_path


def served(root: Path) -> list[str]:
    folders = sorted((root / "serving" / "shop").iterdir(), key=lambda folder: int(folder.name))
    return [(folder / "saved_model.pb").read_text() for folder in folders]


def test_an_approved_model_is_served_and_the_next_update_starts_from_it(root: Path) -> None:
    folder = approve(root, "shop", "looks right", by="ada")
    assert served(root) == ["first", "second"]
    state = read_state(root)
    assert state is not None
    assert state.parts["shop"] == part(folder, "second")
    assert state.waiting == {}
    assert not list((root / "serving_waiting" / "shop").iterdir())
    (line,) = decisions(root)
    assert line["time"].endswith("+00:00")
    del line["time"]
    assert line == {
        "who": "ada",
        "decision": "approve",
        "model": "shop",
        "version": Path(folder).name,
        "because": "looks right",
    }


def test_an_approval_that_was_killed_before_it_was_noted_serves_nothing_twice(root: Path) -> None:
    before = read_state(root)
    assert before is not None
    folder = approve(root, "shop", "looks right")
    version(Path(before.waiting["shop"].pushed), "second")
    write_state(root, before)
    assert approve(root, "shop", "looks right") == folder
    assert served(root) == ["first", "second"]


def test_a_rejected_model_is_gone_and_what_is_served_stays(root: Path) -> None:
    reject(root, "shop", "tea under coffee", by="ada")
    assert served(root) == ["first"]
    state = read_state(root)
    assert state is not None
    assert (state.waiting, state.parts["shop"].outputs) == ({}, {"Trainer.model": "first"})
    assert decisions(root)[0]["decision"] == "reject"
    with pytest.raises(InputError, match=r"no such model waits for approval .* waiting are: none"):
        reject(root, "shop", "once more")


def test_a_rollback_serves_the_version_before_and_updates_start_from_it(root: Path) -> None:
    approve(root, "shop", "looks right")
    folder = rollback(root, "shop", "sales fell", by="ada")
    assert served(root) == ["first", "second", "first"]
    state = read_state(root)
    assert state is not None
    assert state.parts["shop"] == part(folder, "first")
    assert [line["decision"] for line in decisions(root)] == ["approve", "rollback"]
    assert decisions(root)[1]["of_version"] == 1
    rollback(
        root, "shop", "it was something else", to=int(sorted(p.name for p in (root / "serving" / "shop").iterdir())[1])
    )
    assert served(root)[-1] == "second"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"because": " "}, "--because: expected the reason"),
        ({"because": "why", "to": 7}, "--to 7: .* has no such version, but 1"),
        ({"because": "why"}, "should have a version before the newest, but has 1"),
    ],
)
def test_what_cannot_be_rolled_back_is_said(root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rollback(root, "shop", **arguments)
    assert decisions(root) == []
