"""A search model trained on a small shop, by the components and the training that a run consists of."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from tfx.types import Artifact, standard_artifacts

from components.artifacts import TextVectors
from components.search.examples.options import QueryOptions, SearchExamplesOptions
from components.search.index import SearchIndexExecutor
from components.search.index_options import SearchIndexOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.examples.examples_runs import Rows, Run, run_search_examples
from tests.components.tables.table_runs import beam_context
from trainer.clusters.options import ClusterOptions
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import run_training
from trainer.options import TextOptions
from trainer.search.options import SearchOptions, SearchServingOptions, SearchTrainingOptions
from trainer.search.training import run
from trainer.text.backbone import encode_texts, load_text_encoder

KINDS = ("milk", "bread", "tea", "coffee", "apple", "cheese", "cereal", "牛奶")
LOOKS = {"red": "crimson", "green": "emerald", "big": "huge", "small": "little"}
EXAMPLES = SearchExamplesOptions(queries=QueryOptions(eval_fraction=0.2, test_fraction=0.5))
INDEX = SearchIndexOptions(
    serving=SearchServingOptions(default_k=5),
    clusters=ClusterOptions(top_clusters=2, sub_clusters=3),
    text_batch_size=32,
    model_card={"shop": "small"},
)


class TrainedSearch(NamedTuple):
    """What each step left."""

    examples: Run
    text_vectors: Artifact
    encoder: Artifact
    index: Artifact


def products() -> Rows:
    """Sixty-four products of every kind and look in two sizes, of which cereals share a title; ids are odd."""
    pairs = [(kind, look) for kind in KINDS for look in LOOKS]
    return [
        {
            "product_id": f"{look}/\n{kind} {size}",
            "title": f"{look} {kind} {size} oz" if kind != "cereal" else f"{look} cereal",
            "category": f"Food > {kind}",
            "price": float(size),
            "in_stock": int(look != "big"),
        }
        for kind, look in pairs
        for size in (1, 12)
    ]


def judgements() -> Rows:
    """Every kind is asked for with every look, by its name or by a word that no title has: 1 for both, else 0.25."""
    asked = [
        (kind, look, f"{word} {kind}") for kind in KINDS for look, other in LOOKS.items() for word in (look, other)
    ]
    asked += [(kind, look, f"{kind} {look} 12 oz") for kind in KINDS for look in LOOKS]
    return [
        {
            "query": text,
            "product_id": row["product_id"],
            "relevance": 1.0 if row["product_id"].startswith(f"{look}/") else 0.25,
        }
        for kind, look, text in asked
        for row in products()
        if row["category"] == f"Food > {kind}"
    ]


def text_options(tiny_bert: Path) -> TextOptions:
    """The tiny encoder, as it is."""
    return TextOptions(backbone=str(tiny_bert), fields=("title",), sequence_length=16, batch_size=32)


def train_search(
    folder: Path, tiny_bert: Path, events: Rows | None = None, options: SearchIndexOptions = INDEX
) -> TrainedSearch:
    """Makes examples, trains and indexes."""
    examples = run_search_examples(folder / "examples", products(), judgements(), events, options=EXAMPLES)
    text = text_options(tiny_bert)
    texts = sorted({row["text"] for row in examples.catalogue})
    vectors = encode_texts(load_text_encoder(text), texts, text.batch_size)
    text_vectors = artifact(TextVectors, folder / "text_vectors")
    Path(text_vectors.uri).mkdir()
    table = pa.table({"text": texts, "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
    pq.write_table(table, Path(text_vectors.uri) / "vectors-00000-of-00001.parquet")
    encoder = artifact(standard_artifacts.Model, folder / "encoder")
    Path(encoder.uri).mkdir()
    run_training(
        run,
        TrainingRequest(
            examples_uri=examples.artifacts["examples"].uri,
            catalogue_uri=examples.artifacts["catalogue"].uri,
            text_vectors_uri=text_vectors.uri,
            options_json=SearchOptions(
                text=text,
                training=SearchTrainingOptions(batch_size=16, max_epochs=1, learning_rate=1e-2, query_layers=0),
            ).model_dump_json(),
            seed=0,
            model_uri=encoder.uri,
            log_uri=str(folder / "logs"),
        ),
    )
    index = build_search_index(folder, examples, encoder, text_vectors, options)
    return TrainedSearch(examples, text_vectors, encoder, index)


def build_search_index(
    folder: Path, examples: Run, encoder: Artifact, text_vectors: Artifact, options: SearchIndexOptions
) -> Artifact:
    """Runs SearchIndex."""
    output = artifact(standard_artifacts.Model, folder / "index")
    inputs = {
        "encoder": [encoder],
        "examples": [examples.artifacts["examples"]],
        "catalogue": [examples.artifacts["catalogue"]],
        "text_vectors": [text_vectors],
    }
    SearchIndexExecutor(beam_context(folder)).Do(
        inputs, {"model": [output]}, {"options_json": options.model_dump_json(), "source_digest": "any"}
    )
    return output
