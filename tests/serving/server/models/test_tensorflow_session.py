"""The private part of TensorFlow's session is there, and computes what the public one does."""

import inspect
import itertools
import time
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session

from serving.server.models.tensorflow_session import Computing

PLACE = "serving/server/models/tensorflow_session.py"
with tf.Graph().as_default():
    GRAPH_TENSOR = type(tf.constant(0))


@pytest.fixture(scope="module")
def session() -> Iterator[tf.compat.v1.Session]:
    """A session that doubles a matrix, writes a text in capitals, and waits for what never comes."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as made:
        given = tf.compat.v1.placeholder(tf.float32, [None, 2], name="given")
        tf.multiply(given, 2.0, name="doubled")
        tf.identity(tf.queue.FIFOQueue(1, [tf.int32]).dequeue(), name="never")
        tf.strings.upper(tf.compat.v1.placeholder(tf.string, [], name="text"), name="upper")
        yield made


@pytest.fixture(scope="module")
def compute(session: tf.compat.v1.Session) -> Computing:
    return Computing(session)


@pytest.mark.parametrize(
    ("holder", "name", "parameters"),
    [
        (tf.compat.v1.Session, "_extend_graph", ["self"]),
        (
            tf.compat.v1.Session,
            "_call_tf_sessionrun",
            ["self", "options", "feed_dict", "fetch_list", "target_list", "run_metadata"],
        ),
        (GRAPH_TENSOR, "_as_tf_output", None),
        (pywrap_tf_session, "TF_NewBufferFromString", None),
        (pywrap_tf_session, "TF_DeleteBuffer", None),
    ],
)
def test_tensorflow_has_the_private_names_that_are_used(
    holder: object, name: str, parameters: list[str] | None
) -> None:
    whole = f"{getattr(holder, '__name__', holder)}.{name}"
    found = getattr(holder, name, None)
    assert found is not None, f"TensorFlow {tf.__version__} has no {whole} any more: {PLACE} needs another way."
    if parameters is not None:
        taken = list(inspect.signature(found).parameters)
        assert taken == parameters, f"TensorFlow {tf.__version__}'s {whole} takes {taken} now: see {PLACE}."


def test_it_computes_what_the_public_session_does(session: tf.compat.v1.Session, compute: Computing) -> None:
    matrix = np.array([[1.0, 2.5], [-3.0, 0.0]], np.float32)
    for seconds, in_one_thread in itertools.product((None, 60.0), (False, True)):
        (found,) = compute({"given:0": matrix}, ["doubled:0"], seconds, in_one_thread=in_one_thread)
        np.testing.assert_array_equal(found, session.run("doubled:0", {"given:0": matrix}))
        np.testing.assert_array_equal(found, matrix + matrix)


def test_it_takes_another_shape_than_the_graph_states(compute: Computing) -> None:
    (found,) = compute({"given:0": np.array([1.0, 2.0, 3.0], np.float32)}, ["doubled:0"], None)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [2.0, 4.0, 6.0]


def test_a_string_without_dimensions_is_plain_bytes(compute: Computing) -> None:
    assert compute({"text:0": np.array(b"tea", object)}, ["upper:0"], None) == [b"TEA"]


@pytest.mark.parametrize("in_one_thread", [False, True])
def test_it_ends_when_its_time_is_over(compute: Computing, in_one_thread: bool) -> None:
    began = time.monotonic()
    with pytest.raises(tf.errors.DeadlineExceededError):
        compute({}, ["never:0"], 0.2, in_one_thread=in_one_thread)
    assert 0.15 < time.monotonic() - began < 20.0
