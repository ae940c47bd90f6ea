"""Texts without what nobody sees around them."""

import pyarrow as pa
import pyarrow.compute as pc

# Spaces of every kind (Unicode's Z, no-break ones among them), control characters, the soft hyphen, and characters
# without width. Not all of Cf: signs of Arabic, and the tags that flags end with, are seen.
_UNSEEN = r"[\p{Z}\p{Cc}\x{AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}]+"


def strip_unseen(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Returns texts without spaces, control characters and characters of no width at both ends; nothing left is null.

    Args:
        texts: string or large_string, maybe null.
    """
    stripped = pc.replace_substring_regex(texts, pattern=rf"\A{_UNSEEN}|{_UNSEEN}\z", replacement="")
    return pc.if_else(pc.equal(stripped, ""), pa.scalar(None, stripped.type), stripped)
