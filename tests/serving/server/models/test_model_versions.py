"""Policies, labels and reloads of a running store, and folders with links in them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from serving.server.errors import StatusError
from serving.server.models.model_config import ModelConfig
from serving.server.models.model_sources import FixedModels
from serving.server.models.model_store import ModelStore
from serving.server.models.version_policy import All, Specific
from tests.serving.server.tiny_models import write_version

State = get_model_status_pb2.ModelVersionStatus.State
_NOBODY = 65534


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1, 2 and 3 of a model; its tests only read them."""
    folder = tmp_path_factory.mktemp("versions") / "adder"
    for version in (1, 2, 3):
        write_version(folder, version, float(version))
    return folder


@pytest.fixture
def store(versions: Path) -> Iterator[ModelStore]:
    made = ModelStore(FixedModels({"adder": ModelConfig(base_path=versions, policy=Specific(frozenset({1, 2})))}))
    made.poll()
    yield made
    made.stop()


def served(store: ModelStore, **choice: int | str) -> int:
    spec = model_pb2.ModelSpec(name="adder")
    if "version" in choice:
        spec.version.value = choice["version"]
    if "label" in choice:
        spec.version_label = choice["label"]
    with store.use(spec) as servable:
        return servable.version


def available(store: ModelStore) -> set[int]:
    return {version for version, state in store.states("adder").items() if state.state == State.AVAILABLE}


def test_specific_versions_are_served_together_and_the_highest_is_the_latest(store: ModelStore) -> None:
    assert available(store) == {1, 2}
    assert served(store) == 2
    assert served(store, version=1) == 1
    with pytest.raises(StatusError, match=r"Servable not found for request: Specific\(adder, 3\)"):
        served(store, version=3)


def test_all_versions(store: ModelStore, versions: Path) -> None:
    store.reload({"adder": ModelConfig(base_path=versions, policy=All())}, "a test")
    assert available(store) == {1, 2, 3}


def test_a_label_names_a_version_that_is_loaded(store: ModelStore, versions: Path) -> None:
    both = Specific(frozenset({1, 2}))
    store.reload({"adder": ModelConfig(base_path=versions, policy=both, labels={"stable": 1, "canary": 2})}, "a test")
    assert served(store, label="stable") == 1
    assert served(store, label="canary") == 2
    with pytest.raises(StatusError, match="Unrecognized servable version label: other"):
        served(store, label="other")
    with pytest.raises(StatusError, match="Request to assign label to version 3 of model adder") as raised:
        store.reload({"adder": ModelConfig(base_path=versions, policy=All(), labels={"stable": 3})}, "a test")
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert available(store) == {1, 2}
    assert served(store, label="stable") == 1


def test_a_label_of_a_version_to_come_must_be_allowed(versions: Path) -> None:
    source = FixedModels({"adder": ModelConfig(base_path=versions, labels={"stable": 3})})
    refusing = ModelStore(source)
    with pytest.raises(StatusError, match="not currently available"):
        refusing.start()
    allowing = ModelStore(source, allow_labels_for_unavailable=True)
    allowing.start()
    assert served(allowing, label="stable") == 3
    with pytest.raises(StatusError, match="not currently available"):
        allowing.reload({"adder": ModelConfig(base_path=versions, labels={"stable": 9})}, "a test")
    allowing.stop()


def test_a_model_that_is_not_configured_any_more_goes(store: ModelStore, versions: Path) -> None:
    store.reload({"other": ModelConfig(base_path=versions)}, "a test")
    assert available(store) == set()
    assert store.states("adder")[2].state == State.END
    assert store.loaded_versions() == {"other": 3}
    with pytest.raises(StatusError, match=r"Latest\(adder\)"):
        served(store)


def test_a_new_model_without_a_version_fails_the_reload_and_the_others_are_served(
    store: ModelStore, versions: Path, tmp_path: Path
) -> None:
    configs = {"adder": ModelConfig(base_path=versions), "empty": ModelConfig(base_path=tmp_path)}
    with pytest.raises(StatusError, match=r"1 model\(s\) did not become available: {{name: empty: ") as raised:
        store.reload(configs, "a test")
    assert raised.value.code is grpc.StatusCode.UNKNOWN
    assert served(store) == 3


@pytest.mark.parametrize("what", ["version", "file", "folder"])
def test_a_link_out_of_the_models_folder_is_refused(versions: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    if what == "version":
        (folder / "3").symlink_to(versions / "3")
    else:
        shutil.copytree(versions / "3", folder / "3")
        part = folder / "3" / ("variables" if what == "folder" else "saved_model.pb")
        shutil.rmtree(part) if what == "folder" else part.unlink()
        part.symlink_to(versions / "3" / part.name)
    store = ModelStore(FixedModels({"model": ModelConfig(base_path=folder)}))
    store.poll()
    refusal = store.states("model")[3].error
    assert refusal is not None
    assert "link out of the model's folder" in refusal.message
    assert store.loaded_versions() == {}


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Keeps this process from reading a folder; root may read everything, so it becomes somebody else meanwhile."""
    folder.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_read_leaves_what_is_loaded(versions: Path) -> None:
    # Below the system's folder of temporary files, which everybody may enter.
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "adder")
        shutil.copytree(versions, folder)
        shutil.move(folder / "3", Path(temporary, "3"))
        Path(temporary).chmod(0o755)
        store = ModelStore(FixedModels({"adder": ModelConfig(base_path=folder)}))
        store.poll()
        assert served(store) == 2
        with unreadable(folder):
            store.poll()
        assert served(store) == 2
        shutil.move(Path(temporary, "3"), folder / "3")
        with unreadable(folder / "3"):
            store.poll()
        assert served(store) == 2
        refusal = store.states("adder")[3].error
        assert refusal is not None
        store.poll()
        assert served(store) == 3
        store.stop()


def test_a_link_within_the_models_folder_is_followed(versions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(versions / "3", folder / "builds" / "today")
    (folder / "3").symlink_to(Path("builds", "today"))
    (tmp_path / "alias").symlink_to("model")
    store = ModelStore(FixedModels({"model": ModelConfig(base_path=tmp_path / "alias")}))
    store.poll()
    assert store.loaded_versions() == {"model": 3}
    store.stop()
