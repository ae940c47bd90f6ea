"""Keyed hashes of user ids."""

import hashlib
import hmac

from hypothesis import given, settings
from hypothesis import strategies as st

from components.tables.user_ids import hash_user_id


def test_is_the_start_of_hmac_sha256() -> None:
    expected = hmac.new(b"key", "Zoë 🛒".encode(), hashlib.sha256).hexdigest()[:16]
    assert hash_user_id("Zoë 🛒", "key") == f"user-{expected}"


def test_another_key_gives_another_hash() -> None:
    assert hash_user_id("17", "a") != hash_user_id("17", "b")


@settings(deadline=None, max_examples=50)
@given(st.text(), st.text(min_size=1))
def test_is_stable_and_does_not_show_the_id(user_id: str, key: str) -> None:
    hashed = hash_user_id(user_id, key)
    assert hashed == hash_user_id(user_id, key)
    assert len(hashed) == len("user-") + 16


def test_takes_a_lone_surrogate() -> None:
    assert hash_user_id("\ud800", "key").startswith("user-")
