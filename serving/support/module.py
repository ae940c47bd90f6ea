"""The served model support: its signature, as clients of stock TF Serving see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.answers import text_variable, texts_at, with_rows_of
from serving.graph.signatures import batch_of, trace
from serving.graph.spelling import readable
from serving.graph.text_embedder import TextEmbedder
from serving.signature_names import REPLY
from serving.support.products import ProductAnswers
from serving.support.scorer import NAME, NEAREST, PIECES, TEXT, AnswerScorer
from serving.support.slots import Slots
from serving.support.sureness import probability, signs_of

EARLIER_TURNS = 6
# Of a longer text the beginning is read.
MAX_CHARACTERS = 4_000
# Why a person is to answer.
EMPTY_QUESTION, NOT_SURE = "empty_question", "not_sure"
# Stands before the id of a product whose own text is the answer.
PRODUCT_PREFIX = "product:"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What turns scores into a reply.

    Attributes:
        k: Answers to a question.
        earlier_weight: How much earlier turns count beside the question.
        sure_weights: Of the signs that the best answer is right.
        sure_bias: What is added.
        threshold: Probability below which a question is handed over.
        wish_weights: float32 `(dimensions,)`, tells wishes for products; None where there are no products.
        wish_bias: What is added.
    """

    k: int
    earlier_weight: float
    sure_weights: Sequence[float]
    sure_bias: float
    threshold: float
    wish_weights: Floats | None
    wish_bias: float


class SupportModule(tf.Module):
    """Answers questions to a shop, or says that a person should.

    Args:
        embedder: What encodes questions.
        scorer: What scores answers.
        answer_ids: Their ids.
        texts: Their texts.
        intents: Names of the intents, in the order of the scorer's.
        answer_intents: int32 `(answers,)`: the intent of each answer; -1 for none.
        products: What is known of products.
        slots: What is looked for in the questions.
        decisions: What turns scores into a reply.
    """

    def __init__(
        self,
        embedder: TextEmbedder,
        scorer: AnswerScorer,
        *,
        answer_ids: Sequence[bytes],
        texts: Sequence[bytes],
        intents: Sequence[bytes],
        answer_intents: npt.NDArray[np.int32],
        products: ProductAnswers,
        slots: Mapping[str, str],
        decisions: Decisions,
    ) -> None:
        super().__init__(name="support")
        self._embedder, self._scorer, self._products = embedder, scorer, products
        self._ids, self._texts = text_variable(answer_ids, "answer_ids"), text_variable(texts, "answer_texts")
        self._intents = text_variable([*intents, b""], "intents")
        self._answer_intents = tf.Variable(answer_intents, trainable=False, name="answer_intents")
        # Plain Python, which a module would not track anyway.
        self._slots: Callable[[], Slots] = lambda: Slots(slots)
        self._decisions: Callable[[], Decisions] = lambda: decisions
        self._wish = None
        if decisions.wish_weights is not None:
            self._wish = tf.Variable(decisions.wish_weights[:, np.newaxis], trainable=False, name="wish_weights")

    def signatures(self) -> dict[str, Any]:
        """Traces the signature, to be handed to `tf.saved_model.save` with this module."""
        inputs = {
            **batch_of("question", tf.string),
            **batch_of("earlier", tf.string, EARLIER_TURNS),
            **batch_of("product_id", tf.string),
        }
        return trace({REPLY: (self.reply, inputs)})

    def reply(self, question: tf.Tensor, earlier: tf.Tensor, product_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `reply`: the best answers to each question, and whether the first one is to be given.

        Args:
            question: string `(batch,)`.
            earlier: string `(batch, 6)`: the turns before, the newest last; "" for none, at any place.
            product_id: string `(batch,)`: the product that is asked about; "" for none.

        Returns:
            intent and its probability; answer_ids, texts and scores `(batch, k)`: answers with the probability that
            each is the best one, "" and 0 past the last; confidence: how probable it is that the first answer is right;
            wants_products; slot_names and slot_values, "" where nothing was found; hand_over and reason.
        """
        earlier, product_id = with_rows_of(question, earlier=earlier, product_id=product_id)
        decisions, scorer = self._decisions(), self._scorer
        question, earlier = _beginning(question), _beginning(earlier)
        encoded, alone, says_something = self._encode(question, earlier)
        asked = scorer.read(question, encoded)
        # An encoder of another language knows no token of a question whose words the answers have.
        says_something |= asked.has_words
        logits = scorer.intent_logits(encoded)
        found = scorer.features(asked, logits)
        rows = self._products.rows(product_id)
        scores = tf.where(self._products.allowed(product_id, rows), scorer.scores(found), -np.inf)
        own_cosine, own_score = self._own_text(asked.vectors, rows, found)
        scores = tf.concat([scores, own_score[:, tf.newaxis]], axis=1)
        text = tf.concat([found[TEXT], own_cosine[:, tf.newaxis]], axis=1)
        nearest = tf.pad(found[NEAREST], [[0, 0], [0, 1]])
        confidence = probability(signs_of(scores, text, nearest), decisions.sure_weights, decisions.sure_bias)
        confidence = tf.where(says_something & tf.reduce_any(tf.math.is_finite(scores), axis=1), confidence, 0.0)
        wants = self._wants_products(alone) & says_something
        hand_over = (confidence < decisions.threshold) & ~wants
        reason = tf.where(hand_over, tf.where(says_something, NOT_SURE, EMPTY_QUESTION), "")
        names, values = self._slots().find(question, earlier)
        answers = self._best(scores, rows, says_something)
        intent, of_intent = self._intent(logits, scores, says_something)
        return {
            "intent": intent,
            "probability": of_intent,
            **answers,
            "confidence": confidence,
            "wants_products": wants,
            "slot_names": names,
            "slot_values": values,
            "hand_over": hand_over,
            "reason": reason,
        }

    def _encode(self, question: tf.Tensor, earlier: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns vectors with the earlier turns and without, and whether a question says anything to the encoder."""
        # The newest turn first: of a long conversation the oldest ones are cut away.
        before = tf.strings.strip(tf.strings.reduce_join(tf.reverse(earlier, [1]), axis=1, separator=" "))
        with_turns = tf.cast(tf.where(before != ""), tf.int32)
        texts = tf.concat([question, tf.gather_nd(before, with_turns)], axis=0)
        vectors, known = self._embedder.embed(texts)
        count = tf.shape(question)[0]
        alone = vectors[:count]
        turns = tf.scatter_nd(with_turns, vectors[count:], tf.shape(alone))
        together = tf.math.l2_normalize(alone + self._decisions().earlier_weight * turns, axis=1)
        return together, alone, known[:count]

    def _own_text(
        self, vectors: tf.Tensor, rows: tf.Tensor, found: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the cosine of the product's own text, and its score: of all other signs it has what answers have."""
        weights, scorer = self._scorer.weights, self._scorer
        cosine = tf.reduce_sum(vectors * self._products.vectors(rows), axis=1)
        if not self._products.has_texts:
            return tf.zeros_like(cosine), tf.zeros_like(cosine) - np.inf
        by_text = tf.add_n([weights[name] * found[name] for name in (TEXT, PIECES, NAME)])
        others = tf.reduce_mean(scorer.scores(found) - by_text, axis=1)
        score = others + (weights[TEXT] + weights[PIECES] + weights[NAME]) * cosine
        _, text = self._products.texts(rows)
        return cosine, tf.where(text != "", score, -np.inf)

    def _best(self, scores: tf.Tensor, rows: tf.Tensor, says_something: tf.Tensor) -> dict[str, tf.Tensor]:
        k = self._decisions().k
        # A row without any answer has a greatest score of -inf, which must not be taken from itself.
        shares = tf.exp(scores - tf.maximum(tf.reduce_max(scores, axis=1, keepdims=True), -1e9))
        shares = tf.math.divide_no_nan(shares, tf.reduce_sum(shares, axis=1, keepdims=True))
        shares = tf.where(says_something[:, tf.newaxis], shares, 0.0)
        best, places = tf.math.top_k(shares, k=min(k, self._scorer.answers + 1))
        places = tf.where(best > 0.0, places, -1)
        product_ids, own_texts = self._products.texts(rows)
        is_own = places == self._scorer.answers
        known = tf.where(is_own, -1, places)
        ids = tf.where(
            is_own, tf.strings.join([PRODUCT_PREFIX, product_ids])[:, tf.newaxis], texts_at(self._ids, known)
        )
        texts = tf.where(is_own, own_texts[:, tf.newaxis], texts_at(self._texts, known))
        missing = [[0, 0], [0, max(0, k - self._scorer.answers - 1)]]
        return {
            "answer_ids": tf.pad(ids, missing, constant_values=""),
            "texts": tf.pad(texts, missing, constant_values=""),
            "scores": tf.pad(best, missing),
        }

    def _intent(
        self, logits: tf.Tensor | None, scores: tf.Tensor, says_something: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the most probable intent and its probability: that of the best answer where there is no head."""
        if logits is not None:
            shares = tf.nn.softmax(logits)
            probabilities, places = tf.reduce_max(shares, axis=1), tf.argmax(shares, axis=1, output_type=tf.int32)
        else:
            own = scores[:, : self._scorer.answers]
            answer = tf.argmax(own, axis=1, output_type=tf.int32)
            places = tf.gather(self._answer_intents, answer)
            probabilities = tf.where(places >= 0, tf.reduce_max(tf.nn.softmax(tf.maximum(own, -1e9)), axis=1), 0.0)
        return (
            tf.where(says_something, texts_at(self._intents, places), ""),
            tf.where(says_something, probabilities, 0.0),
        )

    def _wants_products(self, encoded: tf.Tensor) -> tf.Tensor:
        if self._wish is None:
            return tf.zeros([tf.shape(encoded)[0]], tf.bool)
        return tf.matmul(encoded, self._wish)[:, 0] + self._decisions().wish_bias > 0.0


def _beginning(texts: tf.Tensor) -> tf.Tensor:
    """Returns what is read of texts: at most `MAX_CHARACTERS` of each, controls and bad bytes blank."""
    few = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    return tf.strings.substr(readable(few), 0, MAX_CHARACTERS, unit="UTF8_CHAR")
