"""What a trained recommender is made of, with products that are new since; nothing is trained."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
import tensorflow_transform as tft
from tfx.utils import io_utils

from components.products.vector_tables import text_vectors_table
from components.recommendation.counting.renewal import places_of
from components.tables.read_back import table_batches, table_columns
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.names import TABLE_SPLIT, TEXT_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.fitting.training_summary import SUMMARY_FILE
from trainer.options import TextOptions
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.ranker.neighbours import load_neighbours, save_neighbours
from trainer.recommendation.ranker.neighbours import with_products as neighbours_with_products
from trainer.recommendation.towers.towers import load_towers, save_towers
from trainer.recommendation.towers.warm_start import with_products
from trainer.text.backbone import encode_texts, load_text_encoder
from trainer.text.product_texts import PRODUCT_ID

_ROWS_AT_ONCE = 1 << 14
_FILE = "with-new-products.parquet"
_TYPES = {tf.string: pa.binary(), tf.int64: pa.int64(), tf.float32: pa.float32()}


def transformed_ids(uri: str) -> pa.Array:
    """Returns the ids (binary) of the products that Transform has read, which are those of the table at that time."""
    ids = read_parquet(_transformed(uri), [PRODUCT_ID])[PRODUCT_ID].combine_chunks()
    return ids.flatten().cast(pa.binary())


def transform_new_products(earlier_uri: str, graph_uri: str, files: Sequence[str], uri: str) -> None:
    """Writes transformed products: the earlier ones, and those of a table that are new, by the same transformation.

    What is new does not move the mean and the deviation of the numbers; a category or brand that is new is unknown.

    Args:
        earlier_uri: Transform's Examples of the products when the model was trained.
        graph_uri: The TransformGraph that they were made by.
        files: Parquet files of the products table as it is now.
        uri: Folder to write to, in the form of `earlier_uri`.
    """
    earlier = read_parquet(_transformed(earlier_uri))
    known = transformed_ids(earlier_uri)
    output = tft.TFTransformOutput(graph_uri)
    specs = output.raw_feature_spec()
    there = set(table_columns(files))
    tables = [earlier]
    for batch in table_batches(files, [name for name in specs if name in there], _ROWS_AT_ONCE):
        new = batch.filter(pc.invert(pc.is_in(batch[PRODUCT_ID].cast(pa.binary()), value_set=known)))
        if len(new):
            raw = {name: _raw_feature(new, name, spec.dtype) for name, spec in specs.items()}
            features = output.transform_raw_features(raw, drop_unused_features=True)
            tables.append(_as_written(features, earlier.schema))
    folder = os.path.join(uri, f"Split-{TABLE_SPLIT}")
    tf.io.gfile.makedirs(folder)
    write_parquet(os.path.join(folder, _FILE), pa.concat_tables(tables))


def encode_new_texts(earlier_uri: str, texts: Sequence[str], options: TextOptions, uri: str) -> None:
    """Writes text vectors: the earlier ones, and those of texts that are not among them, by a frozen encoder.

    Args:
        earlier_uri: TextVectors when the model was trained.
        texts: Texts that must have a vector.
        options: The encoder.
        uri: Folder to write to, in the form of `earlier_uri`.
    """
    earlier = read_parquet(shards(earlier_uri, TEXT_VECTORS_PREFIX))
    # The empty text needs no vector.
    known = {"", *earlier["text"].to_pylist()}
    new = [text for text in dict.fromkeys(texts) if text not in known]
    tables = [earlier]
    if new:
        vectors = encode_texts(load_text_encoder(options), new, options.batch_size)
        tables.append(text_vectors_table(new, vectors).cast(earlier.schema))
    tf.io.gfile.makedirs(uri)
    write_parquet(os.path.join(uri, f"{TEXT_VECTORS_PREFIX}-{_FILE}"), pa.concat_tables(tables))


def towers_with_products(
    towers_uri: str, earlier_catalogue_uri: str, catalogue_uri: str, transformed_uri: str | None,
    text_vectors_uri: str | None, uri: str,
) -> None:  # fmt: skip
    """Writes trained towers for a catalogue that has grown, as `trainer.recommendation.towers.warm_start` makes them.

    Args:
        towers_uri: The towers.
        earlier_catalogue_uri: The catalogue that they were trained with.
        catalogue_uri: The one that has grown.
        transformed_uri: Transformed products, with the new ones; None where there is no products table.
        text_vectors_uri: Vectors of texts, with the new ones; None where texts are off.
        uri: Folder to write to.
    """
    towers = load_towers(towers_uri)
    items = load_items(catalogue_uri, transformed_uri, text_vectors_uri, towers.text_encoder)
    save_towers(with_products(towers, items, _known(catalogue_uri, earlier_catalogue_uri)), uri)
    tf.io.gfile.copy(f"{towers_uri}/{SUMMARY_FILE}", f"{uri}/{SUMMARY_FILE}")


def ranker_with_products(ranker_uri: str, earlier_catalogue_uri: str, catalogue_uri: str, uri: str) -> None:
    """Writes a trained ranker for a catalogue that has grown; arguments as above."""
    io_utils.copy_dir(ranker_uri, uri)
    save_neighbours(
        neighbours_with_products(load_neighbours(ranker_uri), _known(catalogue_uri, earlier_catalogue_uri)), uri
    )


def _known(catalogue_uri: str, earlier_catalogue_uri: str) -> npt.NDArray[np.int64]:
    """Returns the earlier place of each product of a catalogue, -1 for a new one."""
    catalogue, earlier = (load_catalogue(uri, [PRODUCT_ID]) for uri in (catalogue_uri, earlier_catalogue_uri))
    known: npt.NDArray[np.int64] = pc.fill_null(places_of(catalogue, earlier), -1).to_numpy().astype(np.int64)
    return known


def _transformed(uri: str) -> str:
    return os.path.join(uri, f"Split-{TABLE_SPLIT}", "*.parquet")


def _raw_feature(rows: pa.RecordBatch, name: str, dtype: tf.DType) -> tf.SparseTensor:
    """Returns a column as Transform reads it: a value of each row that has one."""
    kind = _TYPES[dtype]
    column = rows[name] if name in rows.schema.names else pa.nulls(len(rows), kind)
    # A list, such as the vector of a picture, is nothing that numbers and categories are made of.
    column = pa.nulls(len(rows), kind) if pa.types.is_nested(column.type) else column.cast(kind)
    places = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    return tf.SparseTensor(
        np.stack([places, np.zeros_like(places)], axis=1).astype(np.int64),
        tf.constant(column.drop_null().to_pylist(), dtype),
        [len(rows), 1],
    )


def _as_written(features: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Returns dense features `(rows,)` as lists of one value, as Transform writes them."""
    columns = []
    for field in schema:
        values = pa.array(features[field.name].numpy(), field.type.value_type)
        offsets = pa.array(np.arange(len(values) + 1), pa.int64() if pa.types.is_large_list(field.type) else pa.int32())
        lists = pa.LargeListArray if pa.types.is_large_list(field.type) else pa.ListArray
        columns.append(lists.from_arrays(offsets, values))
    return pa.table(columns, schema=schema)
