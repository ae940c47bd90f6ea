"""The files of a learned reranker, which stand beside the served model for the next catalogue."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from serving.search.personal.asked_before import AskedQueries
from serving.search.personal.reranking import PersonalModel
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.search.personal.products import personal_products

_FACTS, _ASKED, _PRODUCTS, _SCORER = "personal.json", "personal.npz", "personal.parquet", "personal.keras"


def save_reranker(model: PersonalModel, product_ids: Sequence[bytes], folder: str) -> None:
    """Writes a reranker under `folder`, which may be on any filesystem that TensorFlow writes.

    Args:
        model: What was learned, with its scorer.
        product_ids: The catalogue's, in its order.
        folder: Where to.

    Raises:
        ValueError: The scorer is none that was trained.
    """
    if not isinstance(model.scorer, RankerScorer):
        raise ValueError(f"`model.scorer` should be a RankerScorer, got {type(model.scorer).__name__}.")
    save_keras(model.scorer, f"{folder}/{_SCORER}")
    popularity = pa.array(np.asarray(model.products.popularity, np.float64))
    write_parquet(
        f"{folder}/{_PRODUCTS}",
        pa.table({"product_id": pa.array(list(product_ids), pa.binary()), "popularity": popularity}),
    )
    # NumPy goes back in what it writes, which remote filesystems do not bear.
    written = io.BytesIO()
    np.savez(written, vectors=model.asked.vectors, products=model.asked.products, weights=model.asked.weights)
    with tf.io.gfile.GFile(f"{folder}/{_ASKED}", "wb") as stream:
        stream.write(written.getvalue())
    facts = {
        "event_types": list(model.event_types),
        "bought_event_type": model.bought_event_type,
        "history_length": model.history_length,
        # JSON has no infinity.
        "reach": model.reach if np.isfinite(model.reach) else None,
    }
    write_json(f"{folder}/{_FACTS}", facts)


def load_reranker(folder: str, catalogue: pa.Table) -> PersonalModel | None:
    """Reads what `save_reranker` wrote, for another catalogue: what it lacks is forgotten, what is new is not popular.

    Args:
        folder: Where it is.
        catalogue: Of the search.

    Returns:
        The reranker; None where there is none.
    """
    if not tf.io.gfile.exists(f"{folder}/{_FACTS}"):
        return None
    facts = read_json(f"{folder}/{_FACTS}")
    before = read_parquet(f"{folder}/{_PRODUCTS}")
    ids, known = (table["product_id"].cast(pa.binary()).combine_chunks() for table in (catalogue, before))
    now = pc.fill_null(pc.index_in(known, value_set=ids), -1).to_numpy()
    then = pc.fill_null(pc.index_in(ids, value_set=known), -1).to_numpy()
    popularity = np.where(then >= 0, before["popularity"].to_numpy()[np.maximum(then, 0)], 0.0)
    with tf.io.gfile.GFile(f"{folder}/{_ASKED}", "rb") as stream:
        arrays = np.load(io.BytesIO(stream.read()))
    asked = AskedQueries(vectors=arrays["vectors"], products=arrays["products"], weights=arrays["weights"])
    products = np.asarray(asked.products)
    scorer: RankerScorer = load_keras(f"{folder}/{_SCORER}")
    return PersonalModel(
        products=personal_products(catalogue, popularity),
        asked=replace(asked, products=np.where(products >= 0, now[np.maximum(products, 0)], -1)),
        scorer=scorer,
        event_types=facts["event_types"],
        bought_event_type=facts["bought_event_type"],
        history_length=facts["history_length"],
        reach=float("inf") if facts["reach"] is None else facts["reach"],
    )
