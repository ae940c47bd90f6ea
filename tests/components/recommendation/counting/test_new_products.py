"""Texts that are new are encoded, and no others."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from components.recommendation.counting.new_products import encode_new_texts
from tests.components.recommendation.trained_shop import write_shop_catalogue, write_text_vectors
from trainer.options import TextOptions
from trainer.text.backbone import encode_texts, load_text_encoder
from trainer.text.text_vectors import load_text_vectors


def test_known_texts_keep_their_vectors_and_new_ones_are_encoded(tmp_path: Path, tiny_bert: Path) -> None:
    earlier = write_text_vectors(tmp_path / "vectors", write_shop_catalogue(tmp_path / "catalogue"))
    known = pq.read_table(tmp_path / "catalogue" / "catalogue.parquet")["text"].to_pylist()
    options = TextOptions(backbone=str(tiny_bert), sequence_length=8)
    new = ["green tea", "苹 果 99"]
    encode_new_texts(earlier.uri, [*known, "", *new, *new], options, str(tmp_path / "now"))
    found = load_text_vectors(str(tmp_path / "now"), [*known, *new])
    np.testing.assert_array_equal(found[: len(known)], load_text_vectors(earlier.uri, known))
    np.testing.assert_allclose(found[len(known) :], encode_texts(load_text_encoder(options), new, 8), atol=1e-6)
    assert pq.read_table(tmp_path / "now")["text"].to_pylist().count("green tea") == 1
