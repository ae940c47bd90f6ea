"""Where WordNet is found, and what is said where it is not."""

import sys
from pathlib import Path

import numpy as np
import pytest

from components.errors import InputError
from components.search import dictionary
from components.search.dictionary import pinyin_reading, shoppers_words, wordnet_notes
from trainer.search.index.corrections import known_words
from trainer.search.index.postings import build_postings

POSTINGS = build_postings(["Cookies"] * 3, None)
VECTORS = np.ones((3, 2), np.float32)


class NoTower:
    """Has nothing to read."""

    def embed(self, texts: list[str], batch_size: int) -> np.ndarray:
        raise AssertionError(texts)


def words(option: str | None) -> tuple[dict[str, str], dict[str, object] | None]:
    found, facts = shoppers_words(option, POSTINGS, VECTORS, known_words([]), NoTower())
    return found.synonyms, facts


def test_a_folder_that_is_named(tmp_path: Path) -> None:
    oreo = "00000004 06 n 01 Oreo 0 001 @i 00000005 n 0000 | a brand\n00000005 13 n 01 cookie 0 000 | a cake\n"
    (tmp_path / "data.noun").write_text(oreo)
    (tmp_path / "index.noun").write_text("oreo n 1 1 @i 1 0 00000004\n")
    for part in ("verb", "adj", "adv"):
        (tmp_path / f"index.{part}").touch()
    assert words(str(tmp_path)) == ({"oreo": "cookie"}, {"folder": str(tmp_path), "synonyms": 1})
    assert wordnet_notes({"wordnet": {"folder": str(tmp_path), "synonyms": 1}}) == []


def test_a_folder_without_wordnet_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"wordnet-base"):
        words(str(tmp_path))


def test_a_system_without_wordnet_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dictionary, "WORDNET_FOLDERS", (str(tmp_path / "none"), str(tmp_path / "neither")))
    synonyms, facts = words("auto")
    assert synonyms == {}
    (note,) = wordnet_notes({"wordnet": facts})
    assert "wordnet-base" in note


def test_nobody_asked() -> None:
    assert words(None) == ({}, None)
    assert wordnet_notes({"wordnet": None}) == wordnet_notes({}) == []


def test_pinyin_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(InputError, match=r"`pip install pypinyin`"):
        pinyin_reading(True)
    assert pinyin_reading(False) is None
