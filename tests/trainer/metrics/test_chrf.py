"""chrF, by hand and against sacreBLEU where that is installed."""

import pytest

from trainer.metrics.chrf import chrf, sentence_chrf

TEXTS = ["Black and white T-shirt", "x", "", "hello wörld again", "ab"]
REFERENCES = ["Black white printed T-shirt, has a neck", "y", "abc", "hallo world", "ab cd ef gh"]


def test_by_hand() -> None:
    # One character of three is right, of either side, and no pair: of the lengths 1, 2 and 3 there are n-grams.
    share = (1 / 3 + 0 + 0) / 3
    assert sentence_chrf("abc", "xbz") == pytest.approx(100 * share)
    # Two of two characters and one of one pair are right, of four and three that should be there.
    precision, recall = 1.0, (2 / 4 + 1 / 3) / 2
    assert sentence_chrf("ab", "a bcd") == pytest.approx(100 * 5 * precision * recall / (4 * precision + recall))


def test_the_whole_is_itself() -> None:
    assert sentence_chrf("abc def", "abcdef") == pytest.approx(100.0)
    assert chrf(["", "a"], ["", "a"]) == pytest.approx(100.0)
    assert sentence_chrf("", "") == sentence_chrf("a", "") == 0.0


def test_as_sacrebleu_has_it() -> None:
    peer = pytest.importorskip("sacrebleu.metrics").CHRF()
    assert chrf(TEXTS, REFERENCES) == pytest.approx(peer.corpus_score(TEXTS, [REFERENCES]).score)
    for text, reference in zip(TEXTS, REFERENCES, strict=True):
        assert sentence_chrf(text, reference) == pytest.approx(peer.sentence_score(text, [reference]).score)
