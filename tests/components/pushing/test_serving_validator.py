"""ServingValidator with real server processes."""

import json
import shutil
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_artifacts
from tfx.utils import path_utils

from components.checks.recommendation import failed_checks
from components.pushing import serving_validator
from components.pushing.serving_validator import ServingValidatorExecutor
from tests.components.pushing.doubling import Doubling
from tests.components.recommendation.trained_shop import (
    artifact,
    build_index,
    write_rules,
    write_shop_catalogue,
    write_trained,
)
from tests.serving.server.load import until


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Artifact]:
    """A model and its catalogue."""
    folder = tmp_path_factory.mktemp("validated")
    catalogue = write_shop_catalogue(folder / "catalogue")
    trained = write_trained(folder / "trained", catalogue)
    rules = write_rules(folder / "rules", catalogue)
    return build_index(folder, {"towers": [trained], "catalogue": [catalogue], "rules": [rules]}), catalogue


def validate(folder: Path, model: Artifact, catalogue: Artifact) -> tuple[Artifact, dict[str, object]]:
    blessing = artifact(standard_artifacts.InfraBlessing, folder / "blessing")
    context = BaseExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")
    ServingValidatorExecutor(context).Do(
        {"model": [model], "catalogue": [catalogue]},
        {"blessing": [blessing]},
        {
            "model_name": "recommendation",
            "checks_fn": "components.checks.recommendation.failed_checks",
            "source_digest": "x",
        },
    )
    return blessing, json.loads((Path(blessing.uri) / "validation.json").read_text())


def test_a_model_of_another_catalogue_is_refused(tmp_path: Path, shop: tuple[Artifact, Artifact]) -> None:
    model, _ = shop
    other = write_shop_catalogue(tmp_path / "other")
    table_path = Path(other.uri) / "catalogue.parquet"
    table = pq.read_table(table_path)
    ids = pa.array([f"other {number}" for number in range(table.num_rows)])
    pq.write_table(table.set_column(0, "product_id", ids), table_path)
    path = path_utils.serving_model_path(model.uri)
    reasons = serving_validator.validate(
        path, "recommendation", failed_checks, catalogue_uri=other.uri, own_process=False
    )
    for signature in ("serving_default", "bought_together"):
        assert f"{signature}: a product was answered that the catalogue lacks" in reasons


@pytest.mark.parametrize(("factor", "reasons"), [(2.0, []), (3.0, ["got [4.5, -6.0]"])])
def test_the_checks_of_a_task_from_outside_decide(tmp_path: Path, factor: float, reasons: list[str]) -> None:
    model = artifact(standard_artifacts.Model, tmp_path / "model")
    Doubling(factor).save(Path(model.uri) / "Format-Serving")
    blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")
    ServingValidatorExecutor(BaseExecutor.Context(tmp_dir=str(tmp_path / "tmp"), unique_id="1")).Do(
        {"model": [model]},
        {"blessing": [blessing]},
        {
            "model_name": "doubling",
            "checks_fn": "tests.components.pushing.doubling.failed_checks",
            "source_digest": "x",
        },
    )
    assert json.loads((Path(blessing.uri) / "validation.json").read_text())["refused_because"] == reasons
    assert blessing.get_int_custom_property("blessed") == int(not reasons)
    file = "INFRA_NOT_BLESSED" if reasons else "INFRA_BLESSED"
    assert {path.name for path in Path(blessing.uri).iterdir()} == {file, "validation.json"}


@pytest.mark.parametrize("damage", ["garbage", "missing"])
def test_a_model_that_cannot_be_loaded_is_not_blessed(
    tmp_path: Path, shop: tuple[Artifact, Artifact], damage: str
) -> None:
    model, catalogue = shop
    broken = artifact(standard_artifacts.Model, tmp_path / "broken")
    shutil.copytree(model.uri, broken.uri)
    saved_model = Path(broken.uri) / "Format-Serving" / "saved_model.pb"
    if damage == "garbage":
        saved_model.write_bytes(b"garbage")
    else:
        saved_model.unlink()
    blessing, validation = validate(tmp_path, broken, catalogue)
    assert blessing.get_int_custom_property("blessed") == 0
    assert validation["refused_because"]


def test_a_server_in_this_process_asks_the_same(tmp_path: Path, shop: tuple[Artifact, Artifact]) -> None:
    model, catalogue = shop
    before = {*threading.enumerate()}
    path = path_utils.serving_model_path(model.uri)
    arguments = {"catalogue_uri": catalogue.uri, "own_process": False}
    assert serving_validator.validate(path, "recommendation", failed_checks, **arguments) == []
    broken = tmp_path / "broken"
    shutil.copytree(path, broken)
    (broken / "saved_model.pb").write_bytes(b"garbage")
    reasons = serving_validator.validate(str(broken), "recommendation", failed_checks, **arguments)
    assert reasons
    # Those of gRPC end a moment after its server.
    until(
        lambda: not [each for each in {*threading.enumerate()} - before if each.name.startswith("ThreadPoolExecutor")]
    )
