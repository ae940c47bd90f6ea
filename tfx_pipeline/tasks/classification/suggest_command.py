"""`shelfwise suggest`: which texts are worth a label next, by what a run has trained."""

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from components.errors import InputError
from components.tables.blank_texts import strip_unseen
from components.tables.contract import TABLES, TableOptions
from components.tables.reading.plain_columns import plain_columns
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.sources import TableSource
from components.tables.validation import check_rows
from serving.model_names import CLASSIFICATION_MODEL
from serving.signature_names import SERVING_DEFAULT
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.terminal.console import console
from trainer.classification.examples import load_labelled_texts, load_unlabelled_texts
from trainer.classification.few.suggestions import suggest as best_rows
from trainer.classification.linear.wide import inverse_document_frequencies, ngram_counts, weigh
from trainer.exporting import SERVING_FOLDER
from trainer.text.backbone import encode_texts, load_trained_encoder

_TRAINER, _EXAMPLES = "ClassificationTrainer", "ClassificationExamples"
_SPLITS = ("train", "eval", "test")
_AT_ONCE, _ENCODED_AT_ONCE = 1024, 256
# Without BERT, texts are as like as their n-grams.
_BUCKETS, _DIMENSIONS = 2**16, 64

Matrix = npt.NDArray[np.float32]


def suggest(root: Path, task: str, count: int, texts: Path | None, out: Path, seed: int) -> None:
    """Writes a CSV file of texts to label: `text`, an empty `label`, and the model's `guess` with its `probability`.

    Raises:
        InputError: The task has no labels of texts, the run has trained no classifier, or there are no texts to choose
            from.
    """
    if task != CLASSIFICATION_MODEL:
        raise InputError(f"--task {task}: only `{CLASSIFICATION_MODEL}` learns from texts that people label")
    try:
        model, examples = (
            str(latest_artifact(root, node, output)) for node, output in ((_TRAINER, "model"), (_EXAMPLES, "examples"))
        )
    except FileNotFoundError as error:
        raise InputError(
            f"--root {root}: no classifier was trained here; run `shelfwise run` with `tasks.classification` first"
        ) from error
    pool = _texts(texts) if texts is not None else load_unlabelled_texts(examples)
    labelled = {text for split in _SPLITS for text in load_labelled_texts(examples, split).texts}
    pool = sorted(set(pool) - labelled)
    if not pool:
        given = f"{texts}: every text" if texts else f"{root}: no text of the table `unlabelled_texts`"
        raise InputError(f"{given} that has no label yet was found; give others by --texts")
    labels, probabilities = _asked(f"{model}/{SERVING_FOLDER}", pool)
    rows = best_rows(probabilities, _vectors(model, pool), count, seed)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "guess", "probability"])
        for row in rows.tolist():
            writer.writerow([pool[row], "", labels[row], f"{probabilities[row].max():.4f}"])
    console.print(f"{len(rows)} of {len(pool):,} texts to label in {out}: fill in the column `label`,")
    console.print("and add the file to `tables.texts`; rows that are left blank are to be taken out")


def _texts(path: Path) -> list[str]:
    """Reads the texts of a file as a run reads its tables; bad rows are left out."""
    contract, options, found = TABLES["unlabelled_texts"], TableOptions(), []
    for source in read_table(plan_table(contract, options, [TableSource(path=str(path))])):
        good = plain_columns(check_rows(contract, options, source.batch, time.time(), source.form).good)
        found += strip_unseen(good["text"].cast(pa.string())).drop_null().to_pylist()
    return found


def _asked(folder: str, texts: Sequence[str]) -> tuple[list[str], Matrix]:
    """Returns the best label of each text, and the probabilities, the best first."""
    model: Any = tf.saved_model.load(folder)
    labels: list[str] = []
    parts = []
    for start in range(0, len(texts), _AT_ONCE):
        answer = model.signatures[SERVING_DEFAULT](text=tf.constant(list(texts[start : start + _AT_ONCE])))
        labels += [label.decode("utf-8", "surrogateescape") for label in answer["labels"][:, 0].numpy().tolist()]
        parts.append(answer["probabilities"].numpy())
    return labels, np.concatenate(parts)


def _vectors(model: str, texts: Sequence[str]) -> Matrix:
    """Returns what says how like texts are: BERT's vectors, or n-grams in a few dimensions where there is no BERT."""
    encoder = load_trained_encoder(model, optional=True)
    if encoder is not None:
        return encode_texts(encoder, texts, _ENCODED_AT_ONCE)
    counts = ngram_counts(texts, _BUCKETS)
    weighed = weigh(counts, inverse_document_frequencies(counts))
    dimensions = min(_DIMENSIONS, len(texts) - 1)
    if dimensions < 1:
        return np.ones((len(texts), 1), np.float32)
    reduced: Matrix = normalize(TruncatedSVD(dimensions, random_state=0).fit_transform(weighed)).astype(np.float32)
    return reduced
