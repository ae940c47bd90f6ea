"""How text is encoded: what was written in an encoding is known by its bytes, where they tell."""

import codecs

import pytest

from tfx_pipeline.init.files.encodings import guess_encoding, reading_in

CHINESE = "user_id,title\n1,全脂牛奶 500克\n2,有机绿茶，清香\n3,护眼台灯\n"
GERMAN = "Kunde,Titel\n1,Grüner Tee für Müßiggänger\n2,Kännchen – weiß\n3,Tasse 3,50 €\n"
FRENCH = "client,libellé\n1,Crème brûlée à l'ancienne\n2,Théière en fonte\n"
ASCII = "user_id,title\n1,Green tea\n"


@pytest.mark.parametrize("text", [CHINESE, GERMAN, FRENCH, ASCII])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_with_or_without_a_mark_needs_no_word(text: str, encoding: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert (guess.encoding, guess.others) == (None, ())


def test_utf16_without_a_mark_is_named() -> None:
    assert guess_encoding(ASCII.encode("utf-16-le")).encoding == "utf-16-le"
    assert guess_encoding(ASCII.encode("utf-16-be")).encoding == "utf-16-be"


@pytest.mark.parametrize(
    ("text", "encoding"), [(CHINESE, "gb18030"), (GERMAN, "windows-1252"), (FRENCH, "windows-1252")]
)
def test_what_makes_sense_in_one_reading_alone_is_certain(text: str, encoding: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert (guess.encoding, guess.others) == (encoding, ())
    assert codecs.lookup(encoding)


def test_what_makes_sense_in_none_is_not_certain_and_both_readings_can_be_shown() -> None:
    head = "id,title\n1,Äpfel ÄÖÜ\n".encode("windows-1252")
    guess = guess_encoding(head)
    assert {guess.encoding, *guess.others} == {"gb18030", "windows-1252"}
    assert guess.others
    assert reading_in(head, "windows-1252") == "1,Äpfel ÄÖÜ"
    assert reading_in(head, "gb18030") != reading_in(head, "windows-1252")
