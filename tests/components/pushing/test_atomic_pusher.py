"""AtomicPusher: whole versions or nothing."""

import os
import time
from pathlib import Path

import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_artifacts
from tfx.utils import io_utils

from components.pushing.atomic_pusher import AtomicPusherExecutor
from tests.components.recommendation.trained_shop import artifact


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    folder = tmp_path / "model" / "Format-Serving"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return artifact(standard_artifacts.Model, tmp_path / "model")


def push(
    tmp_path: Path,
    model: Artifact,
    model_blessed: bool = True,
    infra_blessed: bool = True,
    approval: str = "automatic",
) -> Artifact:
    inputs = {"model": [model]}
    for key, kind, blessed in (
        ("model_blessing", standard_artifacts.ModelBlessing, model_blessed),
        ("infra_blessing", standard_artifacts.InfraBlessing, infra_blessed),
    ):
        blessing = artifact(kind, tmp_path / key)
        blessing.set_int_custom_property("blessed", int(blessed))
        inputs[key] = [blessing]
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    AtomicPusherExecutor(BaseExecutor.Context(tmp_dir=str(tmp_path / "tmp"), unique_id="1")).Do(
        inputs,
        {"pushed_model": [pushed]},
        {"serving_root": str(tmp_path / "serving"), "model_name": "shop", "approval": approval},
    )
    return pushed


def versions(tmp_path: Path) -> list[str]:
    return sorted(os.listdir(tmp_path / "serving" / "shop"))


def test_a_blessed_model_becomes_a_version(tmp_path: Path, model: Artifact) -> None:
    before = int(time.time())
    pushed = push(tmp_path, model)
    (version,) = versions(tmp_path)
    assert before <= int(version) <= time.time()
    folder = tmp_path / "serving" / "shop" / version
    assert (folder / "saved_model.pb").read_bytes() == b"graph"
    assert (folder / "variables" / "variables.index").read_bytes() == b"weights"
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(folder)
    assert pushed.get_string_custom_property("pushed_version") == version
    assert (Path(pushed.uri) / "saved_model.pb").exists()


def test_a_later_push_is_a_larger_version_even_within_a_second_or_with_a_clock_set_back(
    tmp_path: Path, model: Artifact
) -> None:
    future = int(time.time()) + 5000
    (tmp_path / "serving" / "shop" / str(future)).mkdir(parents=True)
    push(tmp_path, model)
    change(model)
    push(tmp_path, model)
    assert versions(tmp_path) == [str(future), str(future + 1), str(future + 2)]


def change(model: Artifact) -> None:
    """Writes other weights of the same size."""
    (Path(model.uri) / "Format-Serving" / "variables" / "variables.index").write_bytes(b"WEIGHTS")


def test_what_stands_there_already_is_not_pushed_again(tmp_path: Path, model: Artifact) -> None:
    first = push(tmp_path, model)
    again = push(tmp_path, model)
    assert len(versions(tmp_path)) == 1
    assert again.get_int_custom_property("pushed") == 1
    destination = first.get_string_custom_property("pushed_destination")
    assert again.get_string_custom_property("pushed_destination") == destination
    assert again.get_string_custom_property("pushed_version") == versions(tmp_path)[0]
    assert (Path(again.uri) / "saved_model.pb").exists()


def test_only_the_newest_version_counts_as_standing_there(tmp_path: Path, model: Artifact) -> None:
    push(tmp_path, model)
    change(model)
    push(tmp_path, model)
    (Path(model.uri) / "Format-Serving" / "variables" / "variables.index").write_bytes(b"weights")
    push(tmp_path, model)
    assert len(versions(tmp_path)) == 3


@pytest.mark.parametrize(("model_blessed", "infra_blessed"), [(False, True), (True, False)])
def test_without_a_blessing_nothing_is_pushed(
    tmp_path: Path, model: Artifact, model_blessed: bool, infra_blessed: bool
) -> None:
    pushed = push(tmp_path, model, model_blessed, infra_blessed)
    assert pushed.get_int_custom_property("pushed") == 0
    assert versions(tmp_path) == []


def test_a_version_is_hidden_until_it_is_whole_and_a_failure_leaves_nothing(
    tmp_path: Path, model: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def full_disk(source: str, target: str, *_: object) -> None:
        seen.append(versions(tmp_path))
        raise OSError("No space left on device")

    monkeypatch.setattr(io_utils, "copy_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        push(tmp_path, model)
    assert len(seen[0]) == 1
    assert seen[0][0].startswith(".pushing-")
    assert versions(tmp_path) == []


def test_what_a_killed_run_left_is_removed_but_not_what_may_be_written_now(tmp_path: Path, model: Artifact) -> None:
    for name, age in ((".pushing-old", 7200), (".pushing-new", 5)):
        (tmp_path / "serving" / "shop" / name).mkdir(parents=True)
        os.utime(tmp_path / "serving" / "shop" / name, (time.time() - age,) * 2)
    push(tmp_path, model)
    assert [name for name in versions(tmp_path) if name.startswith(".")] == [".pushing-new"]


def test_a_model_that_a_person_has_to_approve_waits_in_place_of_the_one_before(tmp_path: Path, model: Artifact) -> None:
    for content in (b"first", b"second"):
        (Path(model.uri) / "Format-Serving" / "saved_model.pb").write_bytes(content)
        pushed = push(tmp_path, model, approval="manual")
    assert pushed.get_int_custom_property("pushed") == 0
    (waiting,) = (tmp_path / "serving_waiting" / "shop").iterdir()
    assert pushed.get_string_custom_property("waiting_destination") == str(waiting)
    assert (waiting / "saved_model.pb").read_bytes() == b"second"
    assert not (tmp_path / "serving").exists()
    refused = push(tmp_path / "refused", model, model_blessed=False, approval="manual")
    assert not refused.has_custom_property("waiting_destination")
