"""Where a served model stands, and what stands beside it."""

import json
from pathlib import Path

import pyarrow as pa
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.utils import path_utils

from trainer.exporting import SERVING_FOLDER, products_of, write_extra_assets


def test_tfx_looks_for_the_model_where_it_is_written() -> None:
    assert path_utils.serving_model_path("/model") == f"/model/{SERVING_FOLDER}"


def test_every_signature_is_warmed_up_with_what_is_asked_and_with_padding(tmp_path: Path) -> None:
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.string, "history_ids"),
            tf.TensorSpec([None], tf.int32, "k"),
            tf.TensorSpec([None], tf.bool, "in_stock_only"),
        ]
    )
    def answer(history_ids: tf.Tensor, k: tf.Tensor, in_stock_only: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"ids": history_ids, "k": k, "kept": in_stock_only}

    signatures = {"filtered": answer.get_concrete_function()}
    write_extra_assets(str(tmp_path), "recommendation", signatures, {"history_ids": b"p 1", "k": 7}, {"title": "店"})
    extra = tmp_path / "assets.extra"
    assert json.loads((extra / "model_card.json").read_text("utf-8")) == {"title": "店"}
    records = list(tf.data.TFRecordDataset(str(extra / "tf_serving_warmup_requests")).as_numpy_iterator())
    (asked,) = (prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records)
    assert (asked.model_spec.name, asked.model_spec.signature_name) == ("recommendation", "filtered")
    inputs = {name: tf.make_ndarray(value).tolist() for name, value in asked.inputs.items()}
    assert inputs == {
        "history_ids": [[b"p 1", b"", b""], [b"", b"", b""]],
        "k": [7, 0],
        "in_stock_only": [False, False],
    }


def test_what_a_catalogue_does_not_know_is_filled_in() -> None:
    table = pa.table(
        {
            "product_id": ["a", "店"],
            "title": pa.array(["A", None], pa.string()),
            "category": pa.array([None, "Home > Pots"], pa.string()),
            "price": pa.array([None, 2.5], pa.float64()),
            "in_stock": pa.array([None, False], pa.bool_()),
        }
    )
    products = products_of(table)
    assert products["product_ids"] == [b"a", "店".encode()]
    assert products["titles"] == [b"A", b""]
    assert products["categories"] == [b"", b"Home > Pots"]
    assert [str(price) for price in products["prices"]] == ["nan", "2.5"]
    assert products["in_stock"].tolist() == [True, False]
