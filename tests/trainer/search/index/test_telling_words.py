"""How much words tell, worked out a word at a time."""

import numpy as np

from trainer.search.index.corrections import known_words
from trainer.search.index.postings import build_postings
from trainer.search.index.telling_words import weigh_by_meaning
from trainer.search.options import LexicalOptions

TEXTS = ["better for you bacon", "bread for toast", "wine", "red wine", "red paint", "牛奶", "24 volt"]
# Wine is about wine; for is about nothing that its texts are; red is half of it.
ALONE = {
    "for": [0.0, 0.0, 1.0],
    "wine": [1.0, 0.0, 0.0],
    "red": [0.1, 0.2, 1.0],
    "paint": [-1.0, 0.0, 0.0],
    "you": [0.0, 1.0, 0.1],
}
VECTORS = np.array([[0, 1, 0], [0, 1, 0.1], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0]], np.float32)


def embed(words: list[str]) -> np.ndarray:
    vectors = np.array([ALONE[word] for word in words], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_words_count_as_they_tell_what_their_texts_are_about() -> None:
    before = build_postings(TEXTS, LexicalOptions())
    after = weigh_by_meaning(before, VECTORS, known_words(list(ALONE)), embed)
    factors = dict(zip([word.decode() for word in before.words], after.rarity / before.rarity, strict=True))
    for word, factor in factors.items():
        if word not in ALONE:
            assert factor == 1.0, word
            continue
        having = VECTORS[[word in text.split() for text in TEXTS]].mean(axis=0)
        cosine = float(embed([word])[0] @ having) / float(np.linalg.norm(having))
        assert abs(factor - min(max(cosine / 0.3, 0.0), 1.0)) < 1e-5, word
    assert factors["for"] < 0.4 < factors["wine"] == 1.0
    assert factors["paint"] == 0.0


def test_without_words_that_the_encoder_knows_nothing_changes() -> None:
    before = build_postings(TEXTS, LexicalOptions())
    assert weigh_by_meaning(before, VECTORS, known_words([]), embed) is before
