"""What ServingValidator asks a search model; tests/e2e/test_search.py has it bless one on a server process."""

import shutil
from pathlib import Path

from components.checks.search import failed_checks
from components.pushing.serving_validator import validate
from tests.components.search.judging.constant_search import ConstantSearch
from tests.components.search.trained_search import TrainedSearch


def test_a_model_that_lacks_what_clients_ask_is_refused(trained: TrainedSearch, tmp_path: Path) -> None:
    serving, ids = tmp_path / "Format-Serving", [row["product_id"] for row in trained.examples.catalogue]
    ConstantSearch(ids).save(serving)
    shutil.copytree(Path(trained.index.uri) / "Format-Serving/assets.extra", serving / "assets.extra")
    catalogue_uri = trained.examples.artifacts["catalogue"].uri
    assert validate(str(serving), "search", failed_checks, catalogue_uri=catalogue_uri, own_process=False)
