"""`shelfwise classify` against a real server of a classifier and of a model that is none."""

from collections.abc import Iterator
from typing import Any

import pytest
import tensorflow as tf
from typer.testing import CliRunner

from components.errors import InputError
from serving.server.background import server_thread
from serving.server.settings import ServerSettings
from shelfwise_client.errors import RefusedRequestError
from tfx_pipeline.commands.cli import app


class Classifier(tf.Module):
    """Says good of everything, for each of its words; takes no `refused`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def classify(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.debugging.assert_none_equal(text, "refused")]):
            rows = tf.shape(text)[0]
        return {"labels": tf.fill([rows, 1], "good"), "probabilities": tf.ones([rows, 1])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def explain(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        tokens = tf.strings.split(text).to_tensor(shape=[None, 2])
        return {"tokens": tokens, "attributions": tf.ones_like(tokens, tf.float32)}


class Segmentation(tf.Module):
    """Takes two inputs, none of which is a text."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.string, "ids"), tf.TensorSpec([None, 2], tf.float32, "ages")]
    )
    def segment(self, ids: tf.Tensor, ages: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"ids": ids, "ages": ages}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("models")
    classifier, segmentation = Classifier(), Segmentation()
    signatures = {"serving_default": classifier.classify, "explain": classifier.explain}
    tf.saved_model.save(classifier, str(folder / "classification" / "1"), signatures=signatures)
    tf.saved_model.save(segmentation, str(folder / "segmentation" / "1"), signatures=segmentation.segment)
    with server_thread(folder, ServerSettings(port=0)) as addresses:
        yield addresses.grpc


def classify(address: str, text: str, *options: str) -> Any:
    return CliRunner().invoke(app, ["classify", text, "--address", address, *options])


def test_labels_and_reasons(address: str) -> None:
    lines = classify(address, "green tea", "--explain").output.splitlines()
    assert lines[1].split() == ["1.0000", "good"]
    assert [line.split() for line in lines[2:]] == [["adds", "to", "good"], ["+1.000", "green"], ["+1.000", "tea"]]


def test_a_text_without_a_word_has_no_reasons_and_that_is_said(address: str) -> None:
    lines = classify(address, "", "--explain").output.splitlines()
    assert lines[1].split() == ["1.0000", "good"]
    assert lines[2:] == ["the text has no word, so none adds to good"]


@pytest.mark.parametrize("options", [[], ["--explain"]])
def test_a_model_of_other_inputs_is_no_classifier(address: str, options: list[str]) -> None:
    refused = classify(address, "tea", "--model", "segmentation", *options).exception
    assert isinstance(refused, InputError)
    assert str(refused) == "--model segmentation: `segmentation` is no classifier of texts"


def test_what_a_classifier_refuses_is_told_as_the_server_says_it(address: str) -> None:
    assert isinstance(classify(address, "refused").exception, RefusedRequestError)
