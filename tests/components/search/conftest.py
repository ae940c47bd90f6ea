"""One training for all tests of what is made of it."""

from pathlib import Path

import pytest

from tests.components.search.trained_search import TrainedSearch, train_search


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> TrainedSearch:
    """A small shop's examples, encoder and served model."""
    return train_search(tmp_path_factory.mktemp("trained_search"), tiny_bert)
