"""What a server reads of a model's card."""

from pathlib import Path

import numpy as np
import pytest

from serving.server.errors import StatusError
from serving.server.models.model_card import MODEL_CARD, max_k_of
from serving.server.requests.limits import check_k


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (None, None),
        ('{"limits": {"max_k": 50}}', 50),
        ('{"limits": {"default_k": 10}}', 1000),
        ("{}", 1000),
        ("[]", 1000),
        ("no JSON", 1000),
        ('{"limits": {"max_k": "many"}}', 1000),
        ("[" * 100_000, 1000),
    ],
)
def test_the_most_products_that_a_model_answers(tmp_path: Path, card: str | None, expected: int | None) -> None:
    if card is not None:
        (tmp_path / MODEL_CARD).parent.mkdir()
        (tmp_path / MODEL_CARD).write_text(card)
    assert max_k_of(tmp_path) == expected


def test_a_k_of_another_tools_model_is_its_own_business() -> None:
    huge = {"k": np.array([1, 10**9], np.int32)}
    check_k(huge, None)
    check_k({"k": np.array([-1, 0, 50], np.int32)}, 50)
    check_k({"k": np.zeros(0, np.int32)}, 50)
    with pytest.raises(StatusError, match=r"k is 1000000000; this model answers up to 50 products"):
        check_k(huge, 50)
