"""What the first bytes of a file prove: a kind of file that is no text, or how text is encoded."""

import codecs

# So many bytes are looked at.
HEAD_BYTES = 64

# https://en.wikipedia.org/wiki/List_of_file_signatures
_KINDS = (
    (b"\x1f\x8b", "a gzip archive (1f 8b)", "give it the ending of the text inside and `.gz`, such as `.csv.gz`"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook (50 4b 03 04)",
        "give it the ending `.zip` or `.xlsx`, whichever it is",
    ),
    (b"PAR1", "a Parquet file (PAR1)", "give it the ending `.parquet`"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old Excel (d0 cf 11 e0)", "save it as `.xlsx`"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive (28 b5 2f fd)", "unpack it, or pack it as `.gz`"),
    (b"\xfd7zXZ\x00", "an xz archive (fd 37 7a 58 5a 00)", "unpack it, or pack it as `.gz`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (37 7a bc af 27 1c)", "unpack it, or pack it as `.gz`"),
)

# UTF-32 first: the mark of UTF-16 is how it begins as well.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)


def proven_kind(head: bytes) -> tuple[str, str] | None:
    """Returns what a file is that is no text, and what to do about it, each in words; None where it may be text.

    Args:
        head: Its first bytes.
    """
    return next(((kind, advice) for mark, kind, advice in _KINDS if head.startswith(mark)), None)


def marked_encoding(head: bytes) -> str | None:
    """Returns the name of the encoding that a byte order mark says; None where there is no such mark."""
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS if head.startswith(mark)), None)


def likely_utf16(head: bytes) -> str | None:
    """Returns the name of UTF-16 without a byte order mark, if text begins as four Latin letters do in it."""
    head = head[:8]
    for name, zeros, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if len(head) == 8 and not any(zeros) and all(letters):
            return name
    return None
