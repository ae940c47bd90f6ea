"""ClassificationPretrainer: words counted in Beam, and too few texts."""

from collections import Counter
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that, equal_to
from tfx.types import standard_artifacts

from components.classification.pretrainer import ClassificationPretrainerExecutor, CountWords
from components.errors import InputError
from tests.components.classification.runs import run_examples
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.table_runs import beam_context
from tests.trainer.classification.tiny_classifier import made_texts
from trainer.options import TextOptions
from trainer.pretraining.options import PretrainingOptions
from trainer.pretraining.vocabulary import split_words

TEXTS = ("Milk, milk and tea", "茶 and milk", "tea")


def example(text: str) -> bytes:
    """A serialized tf.Example of a text."""
    import tensorflow as tf

    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    return tf.train.Example(features=tf.train.Features(feature={"text": feature})).SerializeToString()


@pytest.mark.parametrize("most", [2, 100])
def test_the_most_frequent_words_are_counted(most: int) -> None:
    expected = sorted(Counter(split_words(TEXTS)).items(), key=lambda counted: (counted[1], counted[0]), reverse=True)
    with BeamPipeline() as pipeline:
        counted = pipeline | beam.Create([example(text) for text in TEXTS]) | CountWords(most)
        assert_that(counted, equal_to([expected[:most]]))


def test_too_few_texts_are_told_how_many_it_takes(tmp_path: Path) -> None:
    made = made_texts(150, 1)
    rows = [{"text": text, "label": str(label)} for text, label in zip(made.texts, made.labels, strict=True)]
    examples = run_examples(tmp_path / "examples", rows)
    outputs = {
        "model": [artifact(standard_artifacts.Model, tmp_path / "model")],
        "model_run": [artifact(standard_artifacts.ModelRun, tmp_path / "log")],
    }
    properties = {
        "text_json": TextOptions(backbone="scratch").model_dump_json(),
        "options_json": PretrainingOptions().model_dump_json(),
        "steps": 1,
        "seed": 0,
        "checkpoints": "",
        "source_digest": "any",
    }
    with pytest.raises(InputError, match=r"needs 1,000 distinct training texts or more .* there are \d+\."):
        ClassificationPretrainerExecutor(beam_context(tmp_path)).Do(
            {"examples": [examples.examples]}, outputs, properties
        )
