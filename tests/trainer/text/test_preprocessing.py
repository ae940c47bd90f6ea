"""Transform's output on columns of lists, against the same figures in NumPy."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow_transform.beam as tft_beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio import tensor_adapter

from trainer.text.preprocessing import preprocessing_fn

IDS = [b"a", b"b\nline", "茶".encode(), b"d", b"e"]
PRICES = [1.0, None, 4.0, 7.5, 1.0]
CATEGORIES = [b"food > tea", b"food > tea", b"food > bread", b"line\nbreak", None]
BRANDS = [b"Mill", b"Mill", b"\xff\x00odd", b"\xff\x00odd", b"once"]
SHELVES = [3, None, 1, 1, 5]
COLUMNS = {
    "product_id": (IDS, pa.binary(), "BYTES"),
    "price": (PRICES, pa.float32(), "FLOAT"),
    "category": (CATEGORIES, pa.binary(), "BYTES"),
    "brand": (BRANDS, pa.binary(), "BYTES"),
    "shelf": (SHELVES, pa.int64(), "INT"),
    "colour": ([b"red"] * 4 + [None], pa.binary(), "BYTES"),
}


@pytest.fixture(scope="module")
def transformed() -> dict[str, np.ndarray]:
    """Runs the preprocessing over columns as TableExampleGen writes them."""
    arrays, features = {}, []
    for name, (values, kind, feature_type) in COLUMNS.items():
        lists = [None if value is None else [value] for value in values]
        arrays[name] = pa.array(lists, pa.list_(kind))
        features.append(f'feature {{ name: "{name}" type: {feature_type} }}')
    schema = text_format.Parse("\n".join(features), schema_pb2.Schema())
    table = pa.table(arrays)
    representations = {
        name: text_format.Parse(f'varlen_sparse_tensor {{ column_name: "{name}" }}', schema_pb2.TensorRepresentation())
        for name in COLUMNS
    }
    config = tensor_adapter.TensorAdapterConfig(table.schema, representations)
    del schema

    def run(inputs: dict) -> dict:
        return preprocessing_fn(inputs, {"number_columns": ["shelf"], "category_columns": ["colour"]})

    with tempfile.TemporaryDirectory() as folder, tft_beam.Context(temp_dir=folder):
        rows: list[pa.RecordBatch] = []
        import apache_beam as beam

        path = Path(folder) / "rows"
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            batches = pipeline | "CreateBatch" >> beam.Create(table.to_batches())
            (dataset, _), _ = (batches, config) | "Transform" >> tft_beam.AnalyzeAndTransformDataset(
                run, output_record_batches=True
            )
            _ = (
                dataset
                | "TakeRows" >> beam.Map(lambda pair: pa.Table.from_batches([pair[0]]).to_pydict())
                | "Describe" >> beam.Map(repr)
                | "WriteRows" >> beam.io.WriteToText(str(path), shard_name_template="")
            )
        for line in path.read_text(encoding="utf-8").splitlines():
            rows.append(eval(line, {"nan": float("nan")}))
    return {name: np.array([value[0] for row in rows for value in row[name]]) for name in rows[0]}


def standardised(values: list[float | None], logarithm: bool) -> list[float]:
    found = np.array([value for value in values if value is not None], float)
    found = np.log1p(found) if logarithm else found
    scaled = iter((found - found.mean()) / found.std())
    return [0.0 if value is None else float(next(scaled)) for value in values]


def test_ids_pass_through(transformed: dict[str, np.ndarray]) -> None:
    assert transformed["product_id"].tolist() == IDS


def test_numbers_are_standardised_and_missing_ones_are_the_mean(transformed: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(transformed["price_xf"], standardised(PRICES, True), atol=1e-5)
    np.testing.assert_allclose(transformed["shelf_xf"], standardised(SHELVES, False), atol=1e-5)


def test_categories_get_indices_and_odd_ones_are_unknown(transformed: dict[str, np.ndarray]) -> None:
    top = transformed["category_top_index"]
    assert top[0] == top[1] == top[2] == 1
    full = transformed["category_index"]
    assert full[0] == full[1] == 1
    # Seen once, broken by a line, or missing: unknown.
    assert full[2:].tolist() == [0, 0, 0]
    assert transformed["colour_index"].tolist() == [1, 1, 1, 1, 0]


def test_brands_get_indices(transformed: dict[str, np.ndarray]) -> None:
    brands = transformed["brand_index"]
    assert brands[0] == brands[1] != 0
    assert brands[2] == brands[3]
    assert brands[4] == 0


def test_columns_that_are_not_there_are_left_out(transformed: dict[str, np.ndarray]) -> None:
    assert "rating_xf" not in transformed
