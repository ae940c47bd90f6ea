"""ProductReviews through its real executor, and what it changes: a search for a use that no title names."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import Artifact, standard_artifacts

from components.errors import InputError
from components.products.reviews.join import with_known_reviews
from components.products.reviews.node import ProductReviewsExecutor
from components.search.examples.catalogue import PRODUCT_COLUMNS, build_search_catalogue
from components.tables.reading.plain_columns import plain_columns
from serving.graph.words import split_words
from serving.index.lexical import LexicalIndex
from tests.components.tables.table_runs import beam_context, run_table
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions
from trainer.text.product_texts import product_texts

USES = {"P1": "camping", "P2": "reading in bed", "P3": "the bathroom"}
FIELDS = ("title", "review_phrases")
COLUMNS = {
    "products": ("product_id", "title", "price", "rating"),
    "texts": ("text", "label", "product_id", "rating"),
}
KINDS = {"price": pa.float64(), "rating": pa.float64()}
NAMES = ("Lamp Aurora", "Lamp Borealis", "Lamp Comet", "Lamp Delta", "Lamp Eclipse", "Lamp Fjord")


def products() -> list[dict[str, Any]]:
    rows = [{"product_id": f"P{number}", "title": name, "price": 9.5} for number, name in enumerate(NAMES)]
    rows[0]["rating"] = 4.5
    return rows


def reviews() -> list[dict[str, Any]]:
    """Ten reviews of each lamp but the last; three lamps have a use of their own, all are bright and so on."""
    random = np.random.default_rng(0)
    common = ["bright", "a nice lamp", "works well", "arrived late", "good light", "looks good in my room"]
    rows = []
    for number in range(5):
        for place in range(10):
            said = list(random.choice(common, 3, replace=False))
            use = USES.get(f"P{number}")
            if use and place % 2:
                said.insert(1, f"great for {use}")
            row = {"text": f"{place} times: " + ". ".join(said), "label": "good", "product_id": f"P{number}"}
            rows.append(row | ({"rating": 1.0 + place % 5} if number < 3 else {}))
    return [*rows, {"text": "great for nothing", "label": "bad"}, {"text": "hm", "label": "bad", "product_id": "gone"}]


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> Artifact:
    """The artifact of a table."""
    path = folder / f"{name}.parquet"
    pq.write_table(
        pa.Table.from_pylist(rows, pa.schema([(each, KINDS.get(each, pa.string())) for each in COLUMNS[name]])), path
    )
    return run_table(folder, name, path).examples


def run(folder: Path, products: Artifact, texts: Artifact) -> Artifact:
    after = standard_artifacts.Examples()
    after.uri = str(folder / "reviewed")
    executor = ProductReviewsExecutor(beam_context(folder))
    properties = {"phrases": 2, "source_digest": ""}
    executor.Do({"products": [products], "texts": [texts]}, {"reviewed_products": [after]}, properties)
    return after


def files(examples: Artifact) -> list[Path]:
    return sorted((Path(examples.uri) / "Split-all").glob("data-*.parquet"))


def table(examples: Artifact) -> pa.Table:
    batches = [plain_columns(b) for file in files(examples) for b in pq.read_table(file).to_batches()]
    return pa.Table.from_batches(batches)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return written(tmp_path_factory.mktemp("products"), "products", products())


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, before: Artifact) -> Artifact:
    folder = tmp_path_factory.mktemp("reviews")
    return run(folder, before, written(folder, "texts", reviews()))


def test_products_get_phrases_and_ratings_and_keep_what_they_had(before: Artifact, after: Artifact) -> None:
    assert pq.read_schema(files(after)[0]).equals(pq.read_schema(files(before)[0]))
    assert after.split_names == before.split_names
    assert after.get_string_custom_property("payload_format") == before.get_string_custom_property("payload_format")
    rows = {row["product_id"].decode(): row for row in table(after).to_pylist()}
    old = {row["product_id"].decode(): row for row in table(before).to_pylist()}
    assert rows.keys() == old.keys()
    for product, row in rows.items():
        assert {name: row[name] for name in ("title", "price", "brand")} == {
            name: old[product][name] for name in ("title", "price", "brand")
        }
    for product, use in USES.items():
        assert use.split()[-1] in rows[product]["review_phrases"].decode()
        assert len(rows[product]["review_phrases"].split(b", ")) <= 2
    assert rows["P5"]["review_phrases"] is None
    assert [rows[f"P{number}"]["rating"] for number in range(6)] == [4.5, 3.0, 3.0, None, None, None]


def test_a_use_that_only_reviews_name_finds_the_product(before: Artifact, after: Artifact) -> None:
    queries = ["lamp for camping", "bathroom", "reading in bed"]
    expected = ["P1", "P3", "P2"]
    assert found(before, queries) != expected
    assert found(after, queries) == expected
    # Whatever makes a product's text says the same.
    catalogue = build_search_catalogue(in_columns(table(after)), FIELDS)
    assert set(catalogue["text"].to_pylist()) == set(product_texts(table(after), FIELDS))


def in_columns(products: pa.Table) -> pa.Table:
    """The columns of a catalogue; a table without pictures has none for them."""
    return products.select([name for name in PRODUCT_COLUMNS if name in products.column_names])


def found(examples: Artifact, queries: list[str]) -> list[str]:
    """The best product of each query by words; "" where no word is known."""
    catalogue = build_search_catalogue(in_columns(table(examples)), FIELDS)
    lexical = LexicalIndex(build_postings(catalogue["text"].to_pylist(), LexicalOptions()))
    scores = lexical.scores(lexical.ask(split_words(tf.constant(queries)))).numpy()
    ids = catalogue["product_id"].to_pylist()
    return [ids[row.argmax()] if row.max() > 0 else "" for row in scores]


def test_a_new_table_takes_what_is_known(before: Artifact, after: Artifact) -> None:
    lists = pa.concat_tables([pq.read_table(file) for file in files(after)])
    kept = with_known_reviews(table(before), lists)
    key = [("product_id", "ascending")]
    columns = ["product_id", "title", "review_phrases", "rating"]
    assert kept.sort_by(key).select(columns).to_pylist() == table(after).sort_by(key).select(columns).to_pylist()


def test_texts_without_products_are_refused(tmp_path: Path, before: Artifact) -> None:
    texts = written(tmp_path, "texts", [{"text": "fine", "label": "good"}])
    with pytest.raises(InputError, match=r"no row has a `product_id`; expected .* take that field out"):
        run(tmp_path, before, texts)
