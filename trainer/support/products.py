"""What the served model knows of products: which answers are about them, and what their own texts say."""

import os

import numpy as np
import tensorflow as tf

from serving.graph.catalogue import CATEGORY_SEPARATOR
from serving.support.products import AnsweredProducts, ProductAnswers
from trainer.artifacts.parquet_files import read_parquet
from trainer.support.answers import Answers
from trainer.support.pairs import DualEncoder
from trainer.text.backbone import encode_texts
from trainer.text.text_vectors import load_text_vectors

PRODUCTS_FILE = "products.parquet"


def load_products(
    catalogue_uri: str, answers: Answers, dual: DualEncoder, vectors_uri: str | None, batch_size: int
) -> ProductAnswers:
    """Reads the products of a Catalogue artifact that SupportExamples wrote.

    Args:
        catalogue_uri: The artifact.
        answers: Its answers.
        dual: What encodes the products' own texts.
        vectors_uri: Their vectors by the encoder as it is; None to encode them here.
        batch_size: Texts encoded at once.
    """
    path = os.path.join(catalogue_uri, PRODUCTS_FILE)
    table = read_parquet(path).to_pydict() if tf.io.gfile.exists(path) else {}
    ids, texts, categories = (table.get(name, []) for name in ("product_id", "text", "category"))
    dimensions = dual.encoder.dimensions
    vectors = np.zeros((0, dimensions), np.float32)
    if any(texts):
        vectors = (
            load_text_vectors(vectors_uri, texts)
            if vectors_uri is not None
            else encode_texts(dual.encoder, texts, batch_size)
        )
        vectors = dual.on_answer_side(vectors)
    place = {product_id: row for row, product_id in enumerate(ids)}
    # Answers about products that the table lacks: their ids are known all the same.
    lacking = sorted({each for each in answers.product_ids if each and each not in place})
    place |= {product_id: len(ids) + row for row, product_id in enumerate(lacking)}
    if len(vectors):
        vectors = np.concatenate([vectors, np.zeros((len(lacking), dimensions), np.float32)])
    names = sorted({each for each in answers.categories if each})
    fits = np.array(
        [[_is_below(category, name) for name in names] for category in [*categories, *[""] * len(lacking)]], np.bool_
    ).reshape(len(place), len(names))
    return ProductAnswers(
        AnsweredProducts(
            ids=[_bytes(each) for each in place],
            texts=[_bytes(each) for each in [*texts, *[""] * len(lacking)]],
            vectors=vectors,
            fits=fits,
        ),
        np.array([place.get(each, -1) for each in answers.product_ids], np.int32),
        np.array([names.index(each) if each else -1 for each in answers.categories], np.int32),
    )


def _is_below(category: str, name: str) -> bool:
    """Tells whether a category is another one, or one of those below it."""
    return category == name or category.startswith(name + CATEGORY_SEPARATOR)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
