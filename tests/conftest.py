"""Fixtures that every folder of tests shares."""

from pathlib import Path

import pytest

from tests.tiny_bert import write_tiny_bert


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of 2 layers, 16 wide, over a tiny vocabulary: small enough for any test."""
    folder = tmp_path_factory.mktemp("tiny_bert")
    write_tiny_bert(folder)
    return folder
