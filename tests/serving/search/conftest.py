"""The searched shop as it is served, for all tests of what it answers."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf


@pytest.fixture(scope="session")
def reloaded(exported_search: Path) -> Any:
    """The SavedModel, loaded."""
    return tf.saved_model.load(str(exported_search))
