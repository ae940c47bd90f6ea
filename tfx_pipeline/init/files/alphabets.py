"""Which encoding of one byte a letter a text is in, by the letters that languages have."""

import re
from collections import Counter
from dataclasses import dataclass

WESTERN = "windows-1252"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћџђ"
# Letters beyond ASCII of the languages that each encoding is for. French è is Czech č: what tells is which of the
# languages has all letters of a text.
_WESTERN_LETTERS = (
    "àâæçèéêëîïôœùûüÿ",  # French
    "äöüß",
    "áéíñóúü",  # Spanish
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "àçèéíïòóúü",  # Catalan
    "æøåéä",  # Danish, Norwegian
    "åäöé",  # Swedish, Finnish
    "áéíóúýþæöð",  # Icelandic
    "ëïéèöüáó",  # Dutch
)
_ALPHABETS: dict[str, tuple[str, ...]] = {
    WESTERN: _WESTERN_LETTERS,
    "windows-1250": (
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "ąćęłńóśźż",  # Polish
        "áéíóöőúüű",  # Hungarian
        "ăâîşţ",  # Romanian
        "čćđšž",  # Croatian, Slovene
    ),
    "windows-1251": (_CYRILLIC,),
    "windows-1254": ("çğıöşüâîûi̇",),  # Turkish
    "cp850": _WESTERN_LETTERS,  # DOS, and what still prints to it
    "mac_roman": _WESTERN_LETTERS,
}  # fmt: skip
# Signs that words do begin with, and those that end them, although Python counts them as letters.
_OPENING, _ENDING = "¿¡", "ªºµ"
_ENOUGH = 0.9


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """A character beyond ASCII and what stands around it, read as Windows-1252.

    Attributes:
        byte: The character.
        beside_ascii: Whether a letter of ASCII stands beside it.
        after_small: Whether a small letter of ASCII stands before it.
        after_letter: Whether any letter stands before it.
        before_letter: Whether any letter stands behind it.
    """

    byte: int
    beside_ascii: bool
    after_small: bool
    after_letter: bool
    before_letter: bool


def likelier_than_western(head: bytes) -> tuple[str, ...]:
    """Returns the encodings of other languages, if one of them explains a text better than Windows-1252 does.

    Args:
        head: The first bytes.

    Returns:
        All others with one byte a letter, the likeliest first; empty if none is likelier.
    """
    spots = _spots(head)
    shares = {encoding: _best_shares(encoding, spots) for encoding in _ALPHABETS if encoding != WESTERN}
    likelier = [encoding for encoding, (own, western) in shares.items() if own > western and min(own) >= _ENOUGH]
    if not likelier:
        return ()
    return tuple(sorted(shares, key=lambda encoding: (encoding in likelier, shares[encoding][0]), reverse=True))


def _spots(head: bytes) -> Counter[_Spot]:
    text = "".join(_character(byte, WESTERN) for byte in range(256))
    is_letter = [letter.isalpha() for letter in text]
    spots: Counter[_Spot] = Counter()
    for found in re.finditer(rb"[\x80-\xff]", head):
        place = found.start()
        before, after = head[place - 1 : place], head[place + 1 : place + 2]
        spots[
            _Spot(
                byte=head[place],
                beside_ascii=before.isalpha() or after.isalpha(),  # Bytes know the letters of ASCII alone.
                after_small=before.islower(),
                after_letter=bool(before) and is_letter[before[0]],
                before_letter=bool(after) and is_letter[after[0]],
            )
        ] += 1
    return spots


def _best_shares(encoding: str, spots: Counter[_Spot]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns how much of a text the best language of an encoding explains, and the best one of Windows-1252.

    Each is the share of the characters that the two encodings read differently, and the share of all beyond ASCII.
    """
    differing = Counter(
        {
            spot: count
            for spot, count in spots.items()
            if _character(spot.byte, encoding) != _character(spot.byte, WESTERN)
        }
    )
    if not differing:
        return (0.0, 0.0), (0.0, 0.0)

    def best(name: str) -> tuple[float, float]:
        return max((_share(name, letters, differing), _share(name, letters, spots)) for letters in _ALPHABETS[name])

    return best(encoding), best(WESTERN)


def _share(encoding: str, letters: str, spots: Counter[_Spot]) -> float:
    good = sum(count for spot, count in spots.items() if _fits(_character(spot.byte, encoding), letters, spot))
    return good / sum(spots.values())


def _fits(character: str, letters: str, spot: _Spot) -> bool:
    """Says whether a language writes a character where it stands."""
    if character.lower() in letters:
        # Words are all Cyrillic or all Latin, and have their capitals first.
        is_cyrillic = character.lower() in _CYRILLIC
        return not (spot.beside_ascii and is_cyrillic) and not (spot.after_small and character.isupper())
    if character == "\ufffd":
        return False
    if character in _OPENING:
        return not spot.after_letter
    return (character in _ENDING or not character.isalpha()) and not spot.before_letter


def _character(byte: int, encoding: str) -> str:
    return bytes([byte]).decode(encoding, "replace")
