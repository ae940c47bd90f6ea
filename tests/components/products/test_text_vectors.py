"""ProductTextVectors through its real executor, against the encoder called on single texts."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tfx.types import standard_artifacts

from components.artifacts import TextVectors
from components.products.earlier_vectors import encoded_alike, write_encoder
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


def run(folder, uri, options, earlier=""):
    """Runs the real executor; returns vectors by text."""
    products, vectors = standard_artifacts.Examples(), TextVectors()
    products.uri, vectors.uri = uri, str(folder / "vectors")
    products.split_names = '["all"]'
    executor = ProductTextVectorsExecutor(beam_context(folder))
    executor.Do(
        {"products": [products]},
        {"vectors": [vectors]},
        {"options_json": options.model_dump_json(), "earlier_vectors": earlier, "source_digest": "any"},
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


def test_an_update_encodes_only_the_texts_that_the_last_run_lacked(tmp_path, tiny_bert):
    options = TextOptions(backbone=str(tiny_bert), fields=("title",), sequence_length=16)
    first, second = (
        [{"product_id": name, "title": name} for name in names] for names in (("bread", "milk"), ("milk", "tea"))
    )
    (tmp_path / "first").mkdir()
    run(tmp_path / "first", write_products(tmp_path / "first" / "products", [first]), options)
    earlier = tmp_path / "first" / "vectors"
    # Marked, so that it can be told which ones are taken over.
    for file in earlier.glob("*.parquet"):
        table = pq.read_table(file)
        marked = pa.array([[7.0] * len(vector) for vector in table["vector"].to_pylist()], pa.list_(pa.float32()))
        pq.write_table(table.set_column(1, table.schema.field("vector"), marked), file)
    (tmp_path / "second").mkdir()
    table = run(tmp_path / "second", write_products(tmp_path / "products", [second]), options, str(earlier))
    found = dict(zip(table["text"].to_pylist(), table["vector"].to_pylist(), strict=True))
    assert set(found) == {"milk", "tea"}
    assert set(found["milk"]) == {7.0}
    np.testing.assert_allclose(found["tea"], load_text_encoder(options)(np.array(["tea"])).numpy()[0], atol=1e-5)


def test_vectors_of_another_encoder_are_not_taken_over(tmp_path):
    options = TextOptions(backbone="here", fields=("title",), sequence_length=16)
    assert not encoded_alike(str(tmp_path), options, "code")
    write_encoder(str(tmp_path), options, "code")
    assert encoded_alike(str(tmp_path), options.model_copy(update={"fields": ("brand",), "batch_size": 1}), "code")
    assert not encoded_alike(str(tmp_path), options, "other code")
    for change in ({"backbone": "there"}, {"sequence_length": 12}):
        assert not encoded_alike(str(tmp_path), options.model_copy(update=change), "code")
