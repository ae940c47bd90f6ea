"""The secret of a root folder that user ids are hashed with."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def user_id_key(root: Path) -> str:
    """Returns the root folder's own key for hashing user ids, made at random when it is first asked for."""
    file = root / "user_id.key"
    if not file.exists():
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=root, encoding="ascii") as partial:  # For this user's eyes only.
            partial.write(secrets.token_hex(32))
            partial.flush()
            # Whoever comes first makes the key that counts.
            with contextlib.suppress(FileExistsError):
                os.link(partial.name, file)
    return file.read_text(encoding="ascii")
