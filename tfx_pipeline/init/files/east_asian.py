"""Which encoding of China, Korea or Japan a text is in, by the characters that are common in each."""

from collections.abc import Callable

_PUNCTUATION = frozenset("，。、；：？！（）《》“”‘’—…·￥％　【】「」～・")
_FIRST_HANZI, _LAST_HANZI = "\u4e00", "\u9fff"
_FIRST_HANGUL, _LAST_HANGUL = "\uac00", "\ud7a3"
_FIRST_KANA, _LAST_KANA = "\u3041", "\u30ff"
# Japanese without a fifth of kana is Chinese that happens to fit.
_KANA = 0.2


def shares_of_common_characters(head: bytes) -> dict[str, float]:
    """Returns the share of the characters beyond ASCII that are common where an encoding is used, by encoding.

    Args:
        head: The first bytes.
    """
    return {encoding: _share(head, encoding, is_common) for encoding, is_common in _IS_COMMON.items()}


def _share(head: bytes, encoding: str, is_common: Callable[[str], bool]) -> float:
    # A piece of a file may begin within a character.
    text = next((text for cut in range(4) if (text := _decoded(head[cut:], encoding)) is not None), None)
    beyond = [letter for letter in text or "" if not letter.isascii()]
    if not beyond or (encoding in ("cp932", "euc_jp") and sum(map(_is_kana, beyond)) < _KANA * len(beyond)):
        return 0.0
    return sum(letter in _PUNCTUATION or is_common(letter) for letter in beyond) / len(beyond)


def _decoded(head: bytes, encoding: str) -> str | None:
    try:
        return head.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_kana(letter: str) -> bool:
    return _FIRST_KANA <= letter <= _LAST_KANA


def _is_hanzi(letter: str, encoding: str, first: int, last: int) -> bool:
    """Says whether a character is one of those that a standard has first, as they are the usual ones.

    Args:
        letter: The character.
        encoding: The standard.
        first: The first byte of the first of them.
        last: The first byte of the last of them.
    """
    return _FIRST_HANZI <= letter <= _LAST_HANZI and first <= letter.encode(encoding, "replace")[0] <= last


def _is_hangul(letter: str) -> bool:
    return _FIRST_HANGUL <= letter <= _LAST_HANGUL and letter.encode("euc_kr", "replace") != b"?"


# The likelier first where a text is common in two: Chinese is hardly ever all Hangul by chance, but Korean is Chinese.
_IS_COMMON: dict[str, Callable[[str], bool]] = {
    "cp949": _is_hangul,
    "cp932": lambda letter: _is_kana(letter) or _is_hanzi(letter, "shift_jis", 0x88, 0x98),
    "euc_jp": lambda letter: _is_kana(letter) or _is_hanzi(letter, "euc_jp", 0xB0, 0xCF),
    "gb18030": lambda letter: _is_hanzi(letter, "gb2312", 0xB0, 0xD7),
    "cp950": lambda letter: _is_hanzi(letter, "big5", 0xA4, 0xC6),
}
