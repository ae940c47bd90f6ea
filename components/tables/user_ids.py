"""Keyed hashes that stand for user ids: in logs, quarantine and TensorBoard, and in the list of forgotten users."""

import hashlib
import hmac

_HEXADECIMAL_DIGITS = 16


def hash_user_id(user_id: str, key: str) -> str:
    """Hashes a user id with a key.

    HMAC-SHA256, cut to 16 hexadecimal digits (64 bits): equal ids give equal hashes, so rows of one user can still
    be told to belong together, and who does not know the key cannot find an id by hashing a list of guesses. In
    a billion users some two pairs collide by chance at the most; that is fine for reading, not for joining.

    Args:
        user_id: The id.
        key: The secret key.

    Returns:
        `user-` and 16 hexadecimal digits.
    """
    # An id out of a broken row may hold lone surrogates, which plain UTF-8 refuses.
    digest = hmac.new(key.encode("utf-8"), user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"user-{digest[:_HEXADECIMAL_DIGITS]}"


def forgotten_mark(salt: str, user_id: str) -> str:
    """Returns what stands for a user in a list: the HMAC-SHA256 of the id, in hexadecimal.

    Args:
        salt: The list's own.
        user_id: The id.
    """
    return hmac.new(salt.encode("ascii"), user_id.strip().encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
