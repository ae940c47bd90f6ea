"""The served segmentation model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from serving.graph.answers import text_variable, texts_at
from serving.graph.history import history_specs
from serving.graph.signatures import batch_of, trace
from serving.reasons.explanation import ServedClassifier, attributions
from serving.reasons.reasons import by_part, strongest_first
from serving.segmentation.behaviour import Behaviour, BehaviourTable
from serving.signature_names import EMBED, EVALUATE, EXAMPLES, EXPLAIN, SERVING_DEFAULT


class SegmentationModule(tf.Module):
    """Gives users segments, by histories that it puts into words and numbers itself.

    An empty history, or one of unknown products only, gets an answer: what the model says of somebody who never came.

    Args:
        behaviour: Describes histories.
        classifier: What classifies text and numbers.
        labels: The segments, in the order of the probabilities.
    """

    def __init__(self, behaviour: Behaviour, classifier: ServedClassifier, labels: Sequence[bytes]) -> None:
        super().__init__(name="segmentation")
        self._behaviour = behaviour
        self._labels = text_variable(labels, "labels")
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._classifier: Callable[[], ServedClassifier] = lambda: classifier
        self._classifier_variables = list(classifier.variables)

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        history = history_specs(self._behaviour.history_length)
        return trace(
            {
                SERVING_DEFAULT: (self.segment, history),
                EVALUATE: (self.evaluate, history),
                EXPLAIN: (self.explain, history),
                EMBED: (self.embed, history),
                EXAMPLES: (self.segment_examples, batch_of("examples", tf.string)),
            }
        )

    def segment(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: all segments, the most probable first, and the behaviour in words."""
        return self._segments(self._behaviour.describe(history_ids, history_types, history_age_seconds))

    def segment_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `examples`: as `serving_default`, of serialized tf.Examples with histories of any length."""
        return self._segments(self._behaviour.describe_examples(examples))

    def evaluate(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: probabilities in the order of the label vocabulary."""
        behaviour = self._behaviour.describe(history_ids, history_types, history_age_seconds)
        return {"probabilities": self._probabilities(behaviour)}

    def embed(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `embed`: what the last layer reads."""
        classifier = self._classifier()
        behaviour = self._behaviour.describe(history_ids, history_types, history_age_seconds)
        tokens = classifier.tokenize(behaviour.texts)
        return {"embeddings": classifier.represent_tokens(tokens.ids, tokens.mask, behaviour.numbers)}

    def explain(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `explain`: what the user does and each number by its name, and what it adds to the best segment.

        The strongest come first; padding is "" and 0. See `serving.reasons.explanation.attributions`.
        """
        classifier = self._classifier()
        told = self._behaviour.tell(history_ids, history_types, history_age_seconds)
        tokens = classifier.tokenize(told.table.texts)
        by_token, by_number = attributions(classifier, tokens, told.table.numbers)
        there = told.clauses.written != ""
        # With what parts it from the next one; past the last one that changes nothing.
        written = tf.ragged.boolean_mask(tf.strings.join([told.clauses.written, ";"]), there)
        by_clause = by_part(written, classifier.tokenize, tokens, by_token)
        clauses = tf.ragged.boolean_mask(told.clauses.told, there)
        found = strongest_first(
            tf.concat([clauses.to_tensor(), told.numbers], axis=1),
            tf.concat([by_clause.to_tensor(), by_number], axis=1),
        )
        return {"tokens": found.texts, "attributions": found.attributions}

    def _segments(self, behaviour: BehaviourTable) -> dict[str, tf.Tensor]:
        values, places = tf.math.top_k(self._probabilities(behaviour), k=self._labels.shape[0])
        return {
            "segments": texts_at(self._labels, places),
            "probabilities": values,
            "behaviour": behaviour.texts,
        }

    def _probabilities(self, behaviour: BehaviourTable) -> tf.Tensor:
        classifier = self._classifier()
        tokens = classifier.tokenize(behaviour.texts)
        return classifier.classify_tokens(tokens.ids, tokens.mask, behaviour.numbers)
