"""ProductTextVectors through its real executor, against the encoder called on single texts."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tfx.types import standard_artifacts

from components.artifacts import TextVectors
from components.products.text_vectors import ProductTextVectorsExecutor
from tests.components.tables.table_runs import beam_context
from trainer.options import TextOptions
from trainer.text.backbone import load_text_encoder
from trainer.text.product_texts import product_texts


def write_products(folder, tables):
    """Writes a table artifact; returns its uri."""
    (folder / "Split-all").mkdir(parents=True)
    for number, rows in enumerate(tables):
        columns = {
            name: pa.array(
                [None if row.get(name) is None else [row[name].encode()] for row in rows], pa.list_(pa.binary())
            )
            for name in ("product_id", "title", "brand")
        }
        pq.write_table(pa.table(columns), folder / "Split-all" / f"data-{number:05d}.parquet")
    return str(folder)


def run(folder, uri, options):
    """Runs the real executor; returns vectors by text."""
    products, vectors = standard_artifacts.Examples(), TextVectors()
    products.uri, vectors.uri = uri, str(folder / "vectors")
    products.split_names = '["all"]'
    executor = ProductTextVectorsExecutor(beam_context(folder))
    executor.Do(
        {"products": [products]},
        {"vectors": [vectors]},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    tables = [pq.read_table(path) for path in (folder / "vectors").glob("vectors-*.parquet")]
    return pa.concat_tables(tables)


def test_each_distinct_text_has_the_vector_of_the_encoder(tmp_path, tiny_bert):
    rows = [
        {"product_id": "1", "title": "bread", "brand": "a"},
        {"product_id": "2", "title": "bread", "brand": "a"},
        {"product_id": "3", "title": "milk milk milk bread", "brand": None},
        {"product_id": "4", "title": "红苹果", "brand": ""},
    ]
    again = [{"product_id": "5", "title": "bread", "brand": "a"}, {"product_id": "6", "title": "bread", "brand": None}]
    uri = write_products(tmp_path / "products", [rows, again])
    options = TextOptions(backbone=str(tiny_bert), fields=("title", "brand"), sequence_length=16, batch_size=2)
    table = run(tmp_path, uri, options)
    expected = set(
        product_texts(pa.table({n: [r[n] for r in rows + again] for n in ("title", "brand")}), options.fields)
    )
    texts = table["text"].to_pylist()
    assert len(texts) == 4
    assert set(texts) == expected
    encoder = load_text_encoder(options)
    for text, vector in zip(texts, table["vector"].to_pylist(), strict=True):
        np.testing.assert_allclose(vector, encoder(np.array([text])).numpy()[0], atol=1e-5)


def test_no_product_gives_no_vector(tmp_path, tiny_bert):
    uri = write_products(tmp_path / "products", [[]])
    table = run(tmp_path, uri, TextOptions(backbone=str(tiny_bert), sequence_length=16))
    assert table.num_rows == 0
    assert table.column_names == ["text", "vector"]
