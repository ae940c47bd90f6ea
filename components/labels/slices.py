"""Slices of an evaluation: their names, and those that a text itself tells, by its length and its language."""

import functools
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

TEXT_LENGTH, LANGUAGE = "text_length", "language"
# Columns from which a text is no longer short, and from which it is long.
_MEDIUM_WIDTH, _LONG_WIDTH = 50, 200
# Of a longer text the beginning tells the language.
_LOOKED_AT = 10_000
# Share of a text's letters that are of its language; of a shorter one the text is mixed.
_LANGUAGE_SHARE = 2 / 3
# Share of kana among kana and Han from which the Han are Japanese.
_KANA_SHARE = 0.1
_CHINESE, _JAPANESE, _KOREAN = "chinese", "japanese", "korean"
# Scripts by the first word of the Unicode name of their letters, where that word is not the script's own name.
_LANGUAGE_OF_SCRIPT = {
    "cjk": _CHINESE,
    "ideographic": _CHINESE,
    "bopomofo": _CHINESE,
    "hiragana": _JAPANESE,
    "katakana": _JAPANESE,
    "katakana-hiragana": _JAPANESE,
    "hangul": _KOREAN,
}


def slice_columns(built_in: Iterable[str], own: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns to slice by: built-in ones and the shop's, which take the place of one of the same name."""
    return (*(name for name in built_in if name not in own), *own)


def shown_value(value: str) -> str:
    """Returns a value as the name of its slice has it: `(none)` for an empty one."""
    return value or "(none)"


def slice_name(column: str, value: str) -> str:
    """Returns the name of a slice."""
    return f"{column}={shown_value(value)}"


def text_length(text: str) -> str:
    """Returns `short` under a width of 50, `medium` under 200, else `long`.

    The width is that of a terminal: a Chinese, Japanese or Korean character is two columns wide, as it says about as
    much as two letters or more (Unicode Standard Annex 11, East Asian Width).
    """
    width = sum(map(_width, text))
    if width < _MEDIUM_WIDTH:
        return "short"
    return "medium" if width < _LONG_WIDTH else "long"


def text_language(text: str) -> str:
    """Returns what a text is written in, by the script of its letters.

    Scripts tell languages apart only where a language has one to itself: English and Turkish are both `latin`.

    Returns:
        `chinese`, `japanese` (Han count too, where a tenth are kana) or `korean`, else a script by its name in Unicode,
        such as `latin`, `cyrillic`, `arabic` or `thai`; `mixed` where under two thirds of the letters, by width, are of
        one; `none` where there is no letter.
    """
    widths: Counter[str] = Counter()
    for character, count in Counter(unicodedata.normalize("NFKC", text[:_LOOKED_AT])).items():
        language = _letter_language(character)
        if language is not None:
            widths[language] += count * _width(character)
    if not widths:
        return "none"
    if widths[_JAPANESE] >= _KANA_SHARE * (widths[_JAPANESE] + widths[_CHINESE]) > 0:
        widths[_JAPANESE] += widths.pop(_CHINESE, 0)
    language, width = widths.most_common(1)[0]
    return language if width >= _LANGUAGE_SHARE * widths.total() else "mixed"


@functools.lru_cache(maxsize=100_000)
def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@functools.lru_cache(maxsize=100_000)
def _letter_language(character: str) -> str | None:
    if not unicodedata.category(character).startswith("L"):
        return None
    script = unicodedata.name(character, "unnamed").split(" ", 1)[0].lower()
    return _LANGUAGE_OF_SCRIPT.get(script, script)


TEXT_SLICES: Mapping[str, Callable[[str], str]] = {TEXT_LENGTH: text_length, LANGUAGE: text_language}
