"""ServingValidator with a search model on a real server process."""

import json
import shutil
from pathlib import Path

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_artifacts

from components.pushing.serving_validator import ServingValidatorExecutor
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.judging.constant_search import ConstantSearch
from tests.components.search.trained_search import TrainedSearch


def validate(folder: Path, trained: TrainedSearch) -> tuple[Artifact, dict[str, object]]:
    blessing = artifact(standard_artifacts.InfraBlessing, folder / "blessing")
    context = BaseExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")
    ServingValidatorExecutor(context).Do(
        {"model": [trained.index], "catalogue": [trained.examples.artifacts["catalogue"]]},
        {"blessing": [blessing]},
        {"model_name": "search", "checks_fn": "components.checks.search.failed_checks", "source_digest": "x"},
    )
    return blessing, json.loads((Path(blessing.uri) / "validation.json").read_text())


def test_a_model_that_answers_is_blessed(trained: TrainedSearch, tmp_path: Path) -> None:
    blessing, validation = validate(tmp_path, trained)
    assert validation["refused_because"] == []
    assert blessing.get_int_custom_property("blessed") == 1
    assert (Path(blessing.uri) / "INFRA_BLESSED").exists()


def test_a_model_that_lacks_what_clients_ask_is_not_blessed(trained: TrainedSearch, tmp_path: Path) -> None:
    broken = artifact(standard_artifacts.Model, tmp_path / "broken")
    serving, ids = Path(broken.uri) / "Format-Serving", [row["product_id"] for row in trained.examples.catalogue]
    ConstantSearch(ids).save(serving)
    shutil.copytree(Path(trained.index.uri) / "Format-Serving/assets.extra", serving / "assets.extra")
    blessing, validation = validate(tmp_path, trained._replace(index=broken))
    assert blessing.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "INFRA_NOT_BLESSED").exists()
    assert validation["refused_because"]
