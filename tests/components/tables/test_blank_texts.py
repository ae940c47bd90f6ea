"""Ends of texts that nobody sees."""

import unicodedata

import pyarrow as pa
import pytest

from components.tables.blank_texts import strip_unseen

WIDTHLESS = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_ends_are_cut_and_blank_texts_are_none(kind: pa.DataType) -> None:
    blank = ["", " ", "\t\r\n", "\u00a0\u202f\u3000", "\x00\x1f\x7f\x85", WIDTHLESS, f" {WIDTHLESS}\u00a0"]
    seen = ["a", "a  b", "牛\u200b奶", "0", FLAG, "\u0601"]
    around = [f"{end}{text}{end}" for text in seen for end in ("", " ", "\u00a0", WIDTHLESS, "\n \x00")]
    found = strip_unseen(pa.array([*blank, None, *around], kind))
    assert found.type == kind
    assert found.to_pylist() == [None] * (len(blank) + 1) + [text for text in seen for _ in range(5)]


def test_every_space_and_control_character_is_unseen() -> None:
    unseen = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Zs", "Zl", "Zp", "Cc"}]
    assert strip_unseen(pa.array(unseen)).to_pylist() == [None] * len(unseen)
