"""Questions that a desk hands over are in the gateway's log, and those that it answers are not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from serving.server.background import server_thread
from serving.support.module import EARLIER_TURNS
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.tasks.support.questions_command import handed_over


class Desk(tf.Module):
    """Answers everything but what begins with who."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "question"),
            tf.TensorSpec([None, EARLIER_TURNS], tf.string, "earlier"),
            tf.TensorSpec([None], tf.string, "product_id"),
        ]
    )
    def reply(self, question: tf.Tensor, earlier: tf.Tensor, product_id: tf.Tensor) -> dict[str, tf.Tensor]:
        unknown = tf.strings.regex_full_match(question, "who.*")
        none, one = tf.fill(tf.shape(question), ""), tf.ones(tf.shape(question))
        return {
            "intent": none,
            "probability": one,
            "answer_ids": tf.fill([tf.shape(question)[0], 1], "a"),
            "texts": tf.fill([tf.shape(question)[0], 1], "Yes."),
            "scores": one[:, tf.newaxis],
            "confidence": one,
            "wants_products": tf.zeros_like(unknown),
            "slot_names": none[:, tf.newaxis],
            "slot_values": none[:, tf.newaxis],
            "hand_over": unknown,
            "reason": tf.where(unknown, "not_sure", ""),
        }


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Running]:
    model = Desk()
    tf.saved_model.save(model, str(tmp_path / "models" / "support" / "1"), signatures={"reply": model.reply})
    options = GatewayOptions(timeout_seconds=20.0, outcome_minutes=0.0)
    with (
        server_thread(tmp_path / "models") as addresses,
        running_gateway(tmp_path / "gateway", addresses.grpc, options) as running,
    ):
        yield running


def test_a_question_that_is_handed_over_is_logged(desk: Running, tmp_path: Path) -> None:
    for question in ("who painted this?", "do you deliver?", "who knows?"):
        said = desk.post("/ask", {"question": question, "user_id": "anna"}).json()
        assert said["hand_over"] == question.startswith("who")
    desk.write_log()
    questions, times = handed_over(tmp_path / "gateway" / "log" / "queries")
    assert questions == ["who painted this?", "who knows?"]
    assert times == sorted(times)
    assert times[0] > 1e9
