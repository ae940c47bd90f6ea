"""Trains search on made titles with whatever checkout of this project it is told, and answers with the seconds.

It is called with a Parquet file that has a column title, with the folder of a checkout, and with a folder to write to.
Titles become a catalogue and made queries as SearchExamples makes them, without a judgement; what SearchTrainer runs
is timed. Vectors of titles, which come from another node, are means of BERT's own token embeddings here.
"""

import contextlib
import json
import sys
import time
from pathlib import Path


def main():
    """Makes examples and vectors, trains, and prints the seconds."""
    titles_file, checkout, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    sys.path.insert(0, checkout)
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

        counts = write_artifacts(titles_file, folder)
        seconds = train(folder)
    print(json.dumps({"seconds": seconds, **counts}), file=answers, flush=True)


def write_artifacts(titles_file, folder):
    """Writes what SearchExamples and TextVectors hold; returns how many queries are trained on."""
    import apache_beam as beam
    import numpy as np
    import pyarrow.parquet as pq
    import tensorflow as tf
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    from components.products.catalogue import write_catalogue
    from components.products.vector_tables import text_vectors_table
    from components.search.examples.catalogue import build_search_catalogue
    from components.search.examples.options import SearchExamplesOptions
    from components.search.examples.transform import MakeSearchExamples, QueryTables
    from trainer.artifacts.catalogue import distinct_texts
    from trainer.artifacts.json_files import read_json, write_json
    from trainer.artifacts.names import EXAMPLE_COUNTS_FILE
    from trainer.options import TextOptions
    from trainer.text.backbone import load_text_encoder, tokenize

    folders = {name: folder / name for name in ("catalogue", "quarantine", "vectors")}
    folders |= {split: folder / "examples" / f"Split-{split}" for split in ("train", "eval", "test")}
    for each in folders.values():
        each.mkdir(parents=True, exist_ok=True)
    options = SearchExamplesOptions()
    catalogue = build_search_catalogue(pq.read_table(titles_file), options.text_fields)
    write_catalogue(str(folders["catalogue"]), catalogue)
    write_json(str(folders["catalogue"] / "catalogue.json"), {})
    # By its name: the default runner first looks for a program that it would download.
    with beam.Pipeline(runner=FnApiRunner()) as made:
        _ = made | MakeSearchExamples(
            options,
            QueryTables([], []),
            catalogue,
            examples={split: str(folders[split]) for split in ("train", "eval", "test")},
            catalogue_uri=str(folders["catalogue"]),
            quarantine_uri=str(folders["quarantine"]),
        )
    _, texts = distinct_texts(catalogue.column("text").to_pylist())
    encoder = load_text_encoder(TextOptions(fields=("title",)))
    embeddings = encoder.backbone.token_embedding.embeddings.numpy()
    tokens = tokenize(encoder, texts)
    means = tf.math.segment_mean(tf.gather(embeddings, tokens.flat_values), tokens.value_rowids()).numpy()
    vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
    pq.write_table(text_vectors_table(texts, vectors), folders["vectors"] / "vectors-00000-of-00001.parquet")
    return {"queries": read_json(str(folders["catalogue"] / EXAMPLE_COUNTS_FILE))["train"], "texts": len(texts)}


def train(folder):
    """Runs what SearchTrainer runs; returns its seconds."""
    from trainer.fitting.training_request import TrainingRequest
    from trainer.options import TextOptions
    from trainer.search.options import SearchOptions
    from trainer.search.training import run

    request = TrainingRequest(
        examples_uri=str(folder / "examples"),
        catalogue_uri=str(folder / "catalogue"),
        text_vectors_uri=str(folder / "vectors"),
        options_json=SearchOptions(text=TextOptions(fields=("title",))).model_dump_json(),
        seed=0,
        model_uri=str(folder / "model"),
        log_uri=str(folder / "log"),
    )
    started = time.monotonic()
    run(request)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
