"""The segments of users that a recommendation is judged by, from a stand-in that counts events."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.recommendation.judging.judge_users import JudgeLoader
from components.recommendation.judging.judged_segments import JudgedSegments
from components.recommendation.judging.user_judge import JudgedSystems
from trainer.recommendation.judged_users import JudgedUsers


class Counting(tf.Module):
    """Answers `few` or `many` by the events of the type `view` that are under a day old."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def segment(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {
            "history_ids": tf.io.RaggedFeature(tf.string),
            "history_types": tf.io.RaggedFeature(tf.string),
            "history_age_seconds": tf.io.RaggedFeature(tf.float32),
        }
        parsed = tf.io.parse_example(examples, features)
        counted = tf.cast(parsed["history_types"] == "view", tf.int32) * tf.cast(
            parsed["history_age_seconds"] < 86_400.0, tf.int32
        )
        counted *= tf.cast(parsed["history_ids"] != "é", tf.int32)
        many = tf.reduce_sum(counted, axis=1)[:, tf.newaxis] > 1
        both = tf.where(many, [["many", "few"]], [["few", "many"]])
        return {"segments": both, "probabilities": tf.repeat([[0.6, 0.4]], tf.shape(both)[0], axis=0)}


def test_users_get_the_segment_of_their_history_at_the_query(tmp_path: Path) -> None:
    module = Counting()
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"examples": module.segment})
    day = 86_400
    users = JudgedUsers(
        user_ids=[b"1", b"2", b"3"],
        history_offsets=np.array([0, 3, 6, 6]),
        history_index=np.array([0, 0, 1, 0, 1, 1], np.int32),
        history_type=np.array([0, 0, 1, 0, 0, 0], np.int32),
        history_time=np.array([10 * day, 10 * day, 10 * day, 10 * day, 10 * day, 8 * day]),
        query_time=np.array([10 * day + 5, 10 * day + 5, 10 * day]),
        target_offsets=np.zeros(4, np.int64),
        target_index=np.zeros(0, np.int32),
        window=np.zeros(3, np.int32),
        attributes={"age": ["a", None, "b"]},
    )
    found = JudgedSegments(str(tmp_path / "model"), ["tea", "é"], ["view", "purchase"]).add_to(users)
    assert found.attributes == {"age": ["a", None, "b"], "segment": ["many", "few", "few"]}
    assert JudgeLoader("nowhere", JudgedSystems({}), (10,)).load_segments() is None
