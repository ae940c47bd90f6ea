"""ServingValidator with a search model on a real server process."""

import json
import shutil
from pathlib import Path

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_artifacts

from components.checks.common import ServedModel
from components.checks.search import failed_checks
from components.pushing.serving_validator import ServingValidatorExecutor
from serving.client import ExplainedWord, SearchAnswer, Shelfwise
from tests.components.checks.catalogues import write_catalogue_of
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


class LyingClient(Shelfwise):
    """Answers the same product for ever, with scores that are none."""

    def search(self, query: str, **options: object) -> list[SearchAnswer]:
        return [SearchAnswer("a", float("nan"), "", 0, ""), SearchAnswer("c", 1.0, "", 0, "")]

    def explain_search(self, query: str, product_id: str) -> list[ExplainedWord]:
        return [ExplainedWord("a", float("inf"), 0.0)]


def test_wrong_answers_are_named(tmp_path: Path) -> None:
    # The validator asks with products from all over the catalogue: of the three here, with each of them.
    uri = write_catalogue_of(tmp_path, {"a": "A", "b": "B", "d": "D"})
    model = ServedModel(name="search", card={"limits": {"default_k": 2}}, catalogue_uri=uri)
    with LyingClient("127.0.0.1:1", retries=False) as client:
        reasons = failed_checks(client, model)
    for reason in (
        "serving_default: Server",
        "filtered: expected 3 products, got 2",
        "filtered: a product was answered that the catalogue lacks",
        "filtered: a score is not finite",
        "filtered: an excluded product was answered",
        "filtered: k of 0 got products",
        "filtered: a category that does not exist got products",
        "explain: a word's part of the score is not finite",
        "embed: Server",
    ):
        assert any(reason in line for line in reasons), reason
