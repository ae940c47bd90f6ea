"""The tokenizer: spaces, accents and Korean, with vocabularies of some ten words."""

import unicodedata
from pathlib import Path

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from trainer.pretraining.vocabulary import learn_vocabulary, split_words
from trainer.search.encoder import SearchEncoder, text_embedder
from trainer.text.backbone import TextEncoder, encode_texts
from trainer.text.tokenizer import TextTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["olive", "oil", "creme", "brulee", "it", "s", ",", "水"]
SPACES = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in ("Zs", "Zl", "Zp")] + list(
    "\t\n\r"
)
UNKNOWN = 1


def pieces(tokenizer: TextTokenizer, *texts: str) -> list[list[str]]:
    return [[tokenizer.id_to_token(each) for each in row] for row in tokenizer(list(texts))]


def encoder_of(vocabulary: list[str]) -> TextEncoder:
    keras.utils.set_random_seed(0)
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(vocabulary), num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8
    )
    tokenizer = TextTokenizer(vocabulary, lowercase=True, strip_accents=True)
    return TextEncoder(backbone=backbone, tokenizer=tokenizer, sequence_length=8)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return encoder_of(SPECIAL + WORDS)


def test_texts_that_differ_in_their_spaces_have_one_vector(encoder: TextEncoder) -> None:
    texts = ["olive oil", *(f"olive{space}oil" for space in SPACES)]
    assert len(texts) > 18
    vectors = encode_texts(encoder, texts, 32)
    np.testing.assert_allclose(vectors @ vectors[0], 1.0, atol=1e-6)
    assert abs(float(encode_texts(encoder, ["oil ,"], 1)[0] @ vectors[0])) < 0.999


def test_the_served_graph_reads_spaces_as_training_does(encoder: TextEncoder, tmp_path: Path) -> None:
    texts = ["olive oil", "olive\u00a0oil", "olive\u3000oil", "ol\u200bive\u202foil\ufeff"]
    embedder: TextEmbedder = text_embedder(SearchEncoder(encoder, None))
    tf.saved_model.save(embedder, str(tmp_path))
    served = tf.saved_model.load(str(tmp_path))
    vectors, known = served.embed(tf.constant(texts))
    assert known.numpy().all()
    np.testing.assert_allclose(vectors, encode_texts(encoder, ["olive oil"] * len(texts), 4), atol=1e-5)


def test_words_of_an_uncased_vocabulary(encoder: TextEncoder) -> None:
    found = pieces(encoder.tokenizer, "Crème\u00a0BRÛLÉE", "It´s", "oil，水oil", "\u3000", "ghee")
    assert found == [["creme", "brulee"], ["it", "s"], ["oil", ",", "水", "oil"], [], ["[UNK]"]]


def test_accents_stay_where_the_vocabulary_has_them() -> None:
    tokenizer = TextTokenizer([*SPECIAL, "schön", "schon"], lowercase=True, strip_accents=False)
    assert pieces(tokenizer, "SCHÖN scho\u0308n schon") == [["schön", "schön", "schon"]]


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_korean_words_are_found_in_letters_and_in_syllables() -> None:
    words = ["우유", "가방", "나무", "사과", "물"]
    letters = TextTokenizer(SPECIAL + [decomposed(word) for word in words], lowercase=True, strip_accents=True)
    syllables = TextTokenizer(SPECIAL + words, lowercase=True, strip_accents=True)
    cased = TextTokenizer(SPECIAL + words, lowercase=False, strip_accents=False)
    for tokenizer in (letters, syllables, cased):
        for text in ("우유 가방, 물", decomposed("우유 가방, 물")):
            ids = list(tokenizer([text])[0])
            # The comma is in none of these vocabularies.
            assert ids == [5, 6, UNKNOWN, 9]


def test_a_vocabulary_that_is_learned_has_no_spaces_and_is_the_same_when_it_is_loaded(tmp_path: Path) -> None:
    texts = 20 * ("很好\u3000水壶\u3000很好", "水壶\u00a0坏了\u2028", "우유가 좋아요", "good\u202fkettle\t水")
    counts = {word: split_words(texts).count(word) for word in set(split_words(texts))}
    vocabulary = learn_vocabulary(counts.items(), 200)
    assert not any(character.isspace() for piece in vocabulary for character in piece)
    encoder = encoder_of(vocabulary)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert loaded.tokenizer.get_vocabulary() == vocabulary
    for text in texts[:4]:
        ids = encoder.token_ids(tf.constant([text])).to_list()
        assert UNKNOWN not in ids[0]
        assert loaded.token_ids(tf.constant([text])).to_list() == ids


@pytest.mark.parametrize(
    ("piece", "shown"),
    [("好\u3000", r"'好\\u3000'"), ("", "''"), ("a\nb", r"'a\\nb'"), ("a\rb", r"'a\\rb'"), ("oil", "'oil'")],
)
def test_a_vocabulary_that_a_file_would_change_is_refused(piece: str, shown: str) -> None:
    with pytest.raises(ValueError, match=f"1 of its 14 pieces would be lost: {shown}\\. Take these lines out"):
        TextTokenizer([*SPECIAL, *WORDS, piece], lowercase=True, strip_accents=True)


def test_a_tokenizer_is_the_same_from_its_configuration() -> None:
    tokenizer = TextTokenizer(SPECIAL, lowercase=True, strip_accents=False)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(tokenizer))
    assert (again.lowercased, again.without_accents) == (True, False)


def test_traditional_characters_are_read_where_the_vocabulary_has_simplified_ones_alone() -> None:
    simplified, both = (
        TextTokenizer(SPECIAL + more, lowercase=True, strip_accents=True) for more in (["电", "水"], ["电", "電", "水"])
    )
    assert pieces(simplified, "電水") == [["电", "水"]]
    assert pieces(both, "電水") == [["電", "水"]]
    assert pieces(TextTokenizer([*SPECIAL, "tea"], lowercase=True, strip_accents=True), "tea電") == [["tea", "[UNK]"]]
