"""Versions on disk and what the store serves of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_pb2, predict_pb2

from serving.server.errors import StatusError
from serving.server.models.model_sources import ModelsFolder
from serving.server.models.model_store import ModelStore
from serving.server.models.version_folders import ready_versions
from serving.server.requests.predict import predict
from tests.serving.server.tiny_models import write_version

State = get_model_status_pb2.ModelVersionStatus.State


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "adder").mkdir(parents=True)
    return folder


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def store(models: Path, lines: list[str]) -> Iterator[ModelStore]:
    made = ModelStore(ModelsFolder(models), report=lines.append, poll_seconds=0.05)
    yield made
    made.stop()


def spec(version: int | None = None) -> model_pb2.ModelSpec:
    made = model_pb2.ModelSpec(name="adder")
    if version is not None:
        made.version.value = version
    return made


def added(store: ModelStore, version: int | None = None) -> float:
    with store.use(spec(version)) as servable:
        outputs = servable.run(
            "serving_default", {"x": np.zeros((1, 2), np.float32), "name": np.array([b""], object)}, ["sum"]
        )
    return float(outputs["sum"][0, 0])


def states(store: ModelStore) -> dict[int, int]:
    return {version: state.state for version, state in store.states("adder").items()}


def test_the_latest_version_is_served_and_a_newer_one_takes_its_place(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 9, 9.0)
    write_version(models / "adder", 10, 10.0)
    store.poll()
    assert added(store) == 10.0
    write_version(models / "adder", 11, 11.0)
    store.poll()
    assert added(store) == added(store, 11) == 11.0
    assert states(store) == {10: State.END, 11: State.AVAILABLE}
    with pytest.raises(StatusError, match=r"Servable not found for request: Specific\(adder, 10\)"):
        added(store, 10)


def test_a_request_in_flight_ends_on_the_old_version(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 1, 1.0)
    store.poll()
    with store.use(spec()) as old:
        write_version(models / "adder", 2, 2.0)
        store.poll()
        assert states(store) == {1: State.UNLOADING, 2: State.AVAILABLE}
        assert added(store) == 2.0
        inputs = {"x": np.zeros((1, 2), np.float32), "name": np.array([b""], object)}
        assert old.run("serving_default", inputs, ["sum"])["sum"][0, 0] == 1.0
    assert states(store) == {1: State.END, 2: State.AVAILABLE}


@pytest.mark.parametrize("damage", ["garbage", "no variables", "failing warm-up", "garbage warm-up", "empty"])
def test_a_broken_version_is_refused_and_the_old_one_goes_on(
    models: Path, store: ModelStore, lines: list[str], damage: str
) -> None:
    write_version(models / "adder", 1, 1.0, warm_up_x=0.0)
    store.poll()
    broken = write_version(models / "adder", 2, 2.0, warm_up_x=-5000.0 if damage == "failing warm-up" else None)
    if damage == "garbage":
        (broken / "saved_model.pb").write_bytes(b"\x00not a model" * 10)
    elif damage == "empty":
        (broken / "saved_model.pb").write_bytes(b"")
    elif damage == "no variables":
        shutil.rmtree(broken / "variables")
    elif damage == "garbage warm-up":
        (broken / "assets.extra").mkdir()
        (broken / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no record file")
    store.poll()
    store.poll()
    assert added(store) == 1.0
    assert states(store) == {1: State.AVAILABLE, 2: State.END}
    refusal = store.states("adder")[2].error
    assert refusal is not None
    assert refusal.code is not grpc.StatusCode.OK
    assert refusal.message
    assert [line.split(":")[0] for line in lines] == ["loaded adder version 1", "refused adder version 2"]


def test_a_broken_version_is_tried_again_once_its_files_change(models: Path, store: ModelStore) -> None:
    broken = write_version(models / "adder", 2, 2.0)
    whole = (broken / "saved_model.pb").read_bytes()
    (broken / "saved_model.pb").write_bytes(whole[: len(whole) // 2])
    store.poll()
    assert states(store) == {2: State.END}
    (broken / "saved_model.pb").write_bytes(whole)
    store.poll()
    assert added(store) == 2.0


def test_without_the_newest_the_next_older_version_is_served(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 1, 1.0)
    (write_version(models / "adder", 2, 2.0) / "saved_model.pb").write_bytes(b"garbage")
    store.poll()
    assert added(store) == 1.0


def test_what_is_loaded_goes_on_when_its_folder_vanishes(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 1, 1.0)
    store.poll()
    shutil.rmtree(models / "adder")
    store.poll()
    assert added(store) == 1.0


def test_removing_the_newest_version_rolls_back(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 1, 1.0)
    newest = write_version(models / "adder", 2, 2.0)
    store.poll()
    shutil.rmtree(newest)
    store.poll()
    assert added(store) == 1.0


def test_only_whole_folders_with_a_number_are_versions(tmp_path: Path) -> None:
    for name in ("1", "007", "99999999999999999999", "-1", "1.5", "x", ".2", "³"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "5").mkdir()
    (tmp_path / "6").touch()
    assert sorted(ready_versions(tmp_path)) == [1, 7]


def test_the_thread_picks_up_versions_by_itself(models: Path, store: ModelStore, lines: list[str]) -> None:
    import time

    store.start()
    write_version(models / "adder", 1, 1.0)
    deadline = time.monotonic() + 30
    while store.loaded_versions() != {"adder": 1} and time.monotonic() < deadline:
        time.sleep(0.02)
    assert added(store) == 1.0


def test_outputs_use_the_typed_fields_and_only_what_is_asked_for(models: Path, store: ModelStore) -> None:
    write_version(models / "adder", 1, 1.5)
    store.poll()
    request = predict_pb2.PredictRequest(model_spec=spec(), output_filter=["sum"])
    request.inputs["x"].dtype = 1
    request.inputs["x"].tensor_shape.dim.add(size=1)
    request.inputs["x"].tensor_shape.dim.add(size=2)
    request.inputs["x"].float_val.append(2.0)
    request.inputs["name"].dtype = 7
    request.inputs["name"].tensor_shape.dim.add(size=1)
    request.inputs["name"].string_val.append(b"\x00\xff\x00")
    with store.use(request.model_spec) as servable:
        response = predict(servable, request)
        assert list(response.outputs) == ["sum"]
        # A single value fills the shape, as in TensorFlow.
        assert list(response.outputs["sum"].float_val) == [3.5, 3.5]
        assert response.model_spec.version.value == 1
        del request.output_filter[:]
        assert list(predict(servable, request).outputs["name"].string_val) == [b"\x00\xff\x00"]
