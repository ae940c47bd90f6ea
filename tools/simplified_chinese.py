"""Writes `serving/graph/simplified.txt`: traditional Chinese characters, and below them the simplified ones.

    pip install opencc==1.4.2 && python tools/simplified_chinese.py

They are the one-to-one conversions of OpenCC (t2s; Apache License 2.0) within the Basic Multilingual Plane, which no
word around a character changes.
"""

from pathlib import Path

import opencc

FILE = Path(__file__).resolve().parents[1] / "serving" / "graph" / "simplified.txt"
# CJK Unified Ideographs and their extension A.
_RANGES = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))


def main() -> None:
    """Converts each character by itself."""
    t2s = opencc.OpenCC("t2s").convert

    def convert(character: str) -> str:
        # What one is converted to is converted too, so that a text can be spelled twice.
        return t2s(t2s(character))

    pairs = [(character, convert(character)) for each in _RANGES for character in map(chr, each)]
    changed = [(old, new) for old, new in pairs if old != new and len(new) == 1 and ord(new) < 0x10000]
    FILE.write_text("".join("".join(each) + "\n" for each in zip(*changed, strict=True)), encoding="utf-8")


if __name__ == "__main__":
    main()
