"""How the text of a file is encoded, seen from its first bytes."""

import codecs
import re
from dataclasses import dataclass

from components.errors import InputError
from components.tables.files.first_bytes import likely_utf16, marked_encoding
from components.tables.files.opening import READ_ERRORS, open_unpacked
from components.tables.files.table_file import TableFile
from tfx_pipeline.init.files.alphabets import WESTERN, likelier_than_western
from tfx_pipeline.init.files.east_asian import shares_of_common_characters

# Western European text beyond ASCII: letters with accents, and the signs that Windows adds to Latin-1.
_WESTERN_SIGNS = frozenset("€‚„…†‡‰‹“”‘’•–—™›¡¢£¥§©«®°±²³·»¿ \u00ad")
_LIKELY, _UNLIKELY = 0.95, 0.6
_SHOWN = 40
_CHUNK_BYTES, _MOST_CHUNKS = 1 << 20, 1 << 10
_HEADER_BYTES = 1 << 16
_UTF16_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class EncodingGuess:
    """How a text may be encoded.

    Attributes:
        encoding: The likeliest encoding, as a source names it; None where nothing has to be said: UTF-8, or what a byte
            order mark proves.
        others: Encodings that the bytes allow as well; empty if it is certain.
    """

    encoding: str | None
    others: tuple[str, ...] = ()


def telling_bytes(file: TableFile) -> bytes:
    """Returns the lines of a text file that tell how it is encoded: the first that are not UTF-8, else the first ones.

    A letter with an accent may stand for the first time after a million lines, so the whole file is looked through, up
    to a GiB of it.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with open_unpacked(file) as opened:
            first = chunk = opened.read(_CHUNK_BYTES)
            if marked_encoding(first) is None and likely_utf16(first[:_UTF16_BYTES]) is None:
                decoder = codecs.getincrementaldecoder("utf-8")()
                for _ in range(_MOST_CHUNKS):
                    if not chunk:
                        break
                    try:
                        decoder.decode(chunk)
                    except UnicodeDecodeError:
                        return _whole_lines(chunk)
                    chunk = opened.read(_CHUNK_BYTES)
    except READ_ERRORS as error:
        raise InputError(f"`{file.path}` cannot be read: {error}. Write the file anew.") from error
    return _whole_lines(first)


def header_bytes(file: TableFile) -> bytes:
    """Returns the first lines of a text file.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with open_unpacked(file) as opened:
            return _whole_lines(opened.read(_HEADER_BYTES))
    except READ_ERRORS as error:
        raise InputError(f"`{file.path}` cannot be read: {error}. Write the file anew.") from error


def _whole_lines(chunk: bytes) -> bytes:
    """Returns the lines of a piece of a file that are whole; its first one may be the end of a line."""
    return chunk[: chunk.rfind(b"\n") + 1] or chunk


def guess_encoding(head: bytes) -> EncodingGuess:
    """Returns how text is encoded.

    UTF-8 is certain, as no other text is valid UTF-8 by chance, and so is a byte order mark. Bytes beyond ASCII are of
    an encoding of China, Korea or Japan if they make characters that are common there, and Windows-1252 if they make
    letters with accents between other letters; where several readings make sense, or none, it is not certain. Neither
    is it where a language has more of the letters in another encoding of one byte a letter than any western one has in
    Windows-1252: that one is the likeliest then.

    Args:
        head: The first bytes; whole lines.
    """
    if marked_encoding(head) is not None:
        return EncodingGuess(encoding=None)
    utf16 = likely_utf16(head[:_UTF16_BYTES])
    if utf16 is not None:
        return EncodingGuess(encoding=utf16)
    if _decoded(head, "utf-8") is not None:
        return EncodingGuess(encoding=None)
    shares, western = shares_of_common_characters(head), _western_share(head)
    asian = sorted((each for each, share in shares.items() if share >= _LIKELY), key=shares.__getitem__, reverse=True)
    if asian and western < _UNLIKELY:
        return EncodingGuess(encoding=asian[0], others=tuple(asian[1:]))
    other_languages = likelier_than_western(head)
    if other_languages:
        others = (WESTERN, *other_languages[1:], *(("gb18030",) if shares["gb18030"] else ()))
        return EncodingGuess(encoding=other_languages[0], others=others)
    if western >= _LIKELY and max(shares.values()) < _UNLIKELY:
        return EncodingGuess(encoding=WESTERN)
    shares[WESTERN] = western
    possible = {WESTERN, "gb18030"} | {each for each, share in shares.items() if share >= _UNLIKELY}
    likely_first = sorted(possible, key=lambda each: (shares[each], each == WESTERN), reverse=True)
    return EncodingGuess(encoding=likely_first[0], others=tuple(likely_first[1:]))


def reading_in(head: bytes, encoding: str) -> str:
    """Returns the first words beyond ASCII as an encoding reads them."""
    text = head.decode(encoding, "replace")
    words = [word for word in text.split() if not word.isascii()]
    return " ".join(words)[:_SHOWN]


def _decoded(head: bytes, encoding: str) -> str | None:
    try:
        return head.decode(encoding)
    except UnicodeDecodeError:
        return None


def _western_share(head: bytes) -> float:
    """Returns the share of the bytes beyond ASCII that are letters or signs of western words, read as Windows-1252."""
    text = _decoded(head, WESTERN)
    if text is None:
        return 0.0
    beyond = good = 0
    for run in re.finditer(r"[^\x00-\x7f]+", text):
        beyond += len(run[0])
        around = text[run.start() - 1 : run.start()] + text[run.end() : run.end() + 1]
        # Three or more beside each other are rare in western words; two make a character in Chinese.
        in_a_word = len(run[0]) <= 2 and run[0].isalpha() and any(letter.isalpha() for letter in around)
        if in_a_word or (len(run[0]) == 1 and (run[0].isalpha() or run[0] in _WESTERN_SIGNS)):
            good += len(run[0])
    return good / beyond if beyond else 0.0
