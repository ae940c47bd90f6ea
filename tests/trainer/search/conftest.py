"""One tiny shop for all tests of the search encoder."""

from pathlib import Path

import pytest

from tests.trainer.search.tiny_search import TinySearch, write_tiny_search


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> TinySearch:
    """The artifacts of the shop."""
    return write_tiny_search(tmp_path_factory.mktemp("search_shop"), tiny_bert)
