"""Keys that stand for user ids in store and log."""

import hashlib
import hmac

# 128 bits: two users of a billion get the same one with a chance below 10^-20, so that rows may be joined by it.
_HEXADECIMAL_DIGITS = 32


class UserKeys:
    """Turns user ids into keyed hashes, at the edge: nothing behind it sees an id.

    Args:
        key: The secret; empty leaves ids as they are.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode("utf-8")

    def of(self, user_id: str) -> str:
        """Returns what stands for a user: `user-` and 32 digits of the id's HMAC-SHA256, or the id itself."""
        if not self._key:
            return user_id
        return f"user-{hmac.new(self._key, user_id.encode('utf-8'), hashlib.sha256).hexdigest()[:_HEXADECIMAL_DIGITS]}"


def share_of(user: str, purpose: str) -> float:
    """Returns a number from 0 up to 1 that stays the same for a user and a purpose, evenly spread over the users."""
    digest = hashlib.sha256(f"{purpose}\0{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
