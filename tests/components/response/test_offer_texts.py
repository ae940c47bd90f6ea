"""What offers say: encoded whole and without each word, served, and explained by word."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Artifact

from components.artifacts import TextVectors
from components.response.texts.node import OfferTextOptions, OfferTextVectorsExecutor
from components.response.texts.own_texts import VectorTurn, no_words
from components.response.texts.words import texts_without
from tests.components.recommendation.trained_shop import artifact
from tests.components.response.shop import OFFERS, OPTIONS, impressions, offers, run_examples, tables, train
from tests.components.tables.plain_artifacts import table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.options import TextOptions
from trainer.response.items import load_item_words, load_items, write_item_words
from trainer.text.backbone import load_text_encoder

WORDS = 3


def test_a_text_is_left_without_each_of_its_words() -> None:
    assert texts_without("half price milk", 9) == ["price milk", "half milk", "half price"]
    assert texts_without("half price milk", 1) == ["price milk"]
    # No space stands between Chinese characters.
    assert texts_without("牛奶 sale", 9) == ["奶 sale", "牛 sale", "牛 奶"]
    assert texts_without("", 9) == []


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> tuple[Artifact, TextOptions]:
    """The offers' texts through the real node, by a BERT of a few weights."""
    folder = tmp_path_factory.mktemp("texts")
    text = TextOptions(backbone=str(tiny_bert), sequence_length=16)
    vectors = artifact(TextVectors, folder / "vectors")
    OfferTextVectorsExecutor(beam_context(folder)).Do(
        {"offers": [table_artifact(folder / "offers", offers(), 2)]},
        {"vectors": [vectors]},
        {
            "options_json": OfferTextOptions(text=text, explained_words=WORDS).model_dump_json(),
            "source_digest": "any",
        },
    )
    return vectors, text


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_words_of_an_offer_explain_a_response(tmp_path: Path, encoded: tuple[Artifact, TextOptions]) -> None:
    vectors, text = encoded
    options = OPTIONS.model_copy(update={"vector_width": 4, "explained_words": WORDS})
    made = run_examples(tmp_path, tables(impressions()), options, offer_vectors=vectors)
    items, words = load_items(made.outputs["catalogue"].uri), load_item_words(made.outputs["catalogue"].uri)
    place = items.item_ids.index(OFFERS[1].encode())
    said = items.texts[place].decode()
    assert [word.decode() for word in words.words[place]] == said.split()[:WORDS]

    # The vectors a second way: the encoder on each text, turned by the main directions of all offers' texts.
    encoder = load_text_encoder(text)
    every = np.concatenate([encoder(np.array([each.decode()])).numpy() for each in items.texts])
    turn = VectorTurn.learned(every, 4)
    np.testing.assert_allclose(items.text_vectors, turn.turned(every), atol=1e-4)
    left = encoder(np.array([" ".join(said.split()[1:])])).numpy()
    np.testing.assert_allclose(words.vectors[place, 0], turn.turned(left)[0], atol=1e-4)

    trained = train(tmp_path / "trained", made)
    model = tf.saved_model.load(f"{trained.uri}/Format-Serving")
    ask = model.signatures["explain"]
    nobody = {
        name: tf.constant(np.full([1, *spec.shape[1:]], b"" if spec.dtype == tf.string else 0), spec.dtype)
        for name, spec in ask.structured_input_signature[1].items()
    }
    found = ask(**nobody | {"offer_id": tf.constant([OFFERS[1]])})
    reasons = dict(zip(found["names"].numpy()[0].tolist(), found["attributions"].numpy()[0].tolist(), strict=True))
    expected = {b'word "%s"' % word for word in words.words[place]}
    assert expected <= set(reasons)
    assert any(reasons[word] != 0.0 for word in expected)
    unknown = ask(**nobody | {"offer_id": tf.constant(["nobody knows it"])})
    assert not any(name.startswith(b"word ") for name in unknown["names"].numpy()[0].tolist())


def test_offers_without_vectors_are_told_no_words(tmp_path: Path) -> None:
    words = no_words(4)
    write_item_words(str(tmp_path), words)
    assert load_item_words(str(tmp_path)).vectors.shape == words.vectors.shape == (4, 0, 0)
