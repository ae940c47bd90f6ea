"""The Keras model that trains the search encoder."""

from typing import Any

import tensorflow as tf

from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.search.encoder import SearchEncoder
from trainer.search.options import SearchTrainingOptions
from trainer.search.tables import TextTable
from trainer.text.backbone import TextEncoder
from trainer.text.token_table import TokenTable
from trainer.workers.exchange import first_row, gathered


class SearchModel(SoftmaxModel):
    """The encoder and its loss; what is saved is the encoder, never this model.

    The loss is a softmax over all products of the batch: for query q with its product p+ and the products P of the
    whole batch, `-log(exp(q.p+ / temperature) / sum_P exp(q.p / temperature))`, where other products that answer q are
    left out of the sum (multiple negatives ranking: Henderson et al., "Efficient natural language response suggestion
    for Smart Reply", 2017). Pairs are weighed by their relevance.

    Where BERT stays as it is, a query q that was made of the catalogue adds `kept` times
    `KL(softmax_P(b.d / temperature) || softmax_P(q.p / temperature))` to its loss, with b and d the vectors that BERT
    alone has for q and p: what it knows of a language, the catalogue's own words are not to drive out (compare Li and
    Hoiem, "Learning without forgetting", ECCV 2016). What people have asked knows better.

    Args:
        encoder: What is trained.
        queries: The queries, by row.
        texts: The texts, by row.
        options: Temperature, and how much is kept.
    """

    def __init__(
        self,
        encoder: SearchEncoder,
        queries: TextTable,
        texts: TextTable,
        options: SearchTrainingOptions,
    ) -> None:
        super().__init__(name="search")
        self.text_encoder = encoder.text_encoder
        self.head = encoder.head
        self._queries, self._texts = (_Lookup(table, encoder.text_encoder) for table in (queries, texts))
        self._temperature = options.temperature
        self._kept = options.kept if encoder.head is not None else 0.0

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a share of a batch as `trainer.search.batches` makes them has lost,."""
        queries = self._embed(self._queries, batch["query"], training)
        own_texts = tf.concat([batch["text"], tf.reshape(batch["negatives"], [-1])], axis=0)
        vectors = gathered(self._embed(self._texts, own_texts, training))
        texts = gathered(own_texts)
        scores = tf.cast(tf.matmul(queries, vectors, transpose_b=True), tf.float32) / self._temperature
        answers = tf.reduce_any(batch["relevant"][:, :, tf.newaxis] == texts[tf.newaxis, tf.newaxis, :], axis=1)
        labels = first_row(own_texts) + tf.range(tf.shape(scores)[0])
        own = tf.range(tf.shape(scores)[1]) == labels[:, tf.newaxis]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=tf.where(answers & ~own, -1.0e9, scores)
        )
        if self._kept:
            losses += tf.where(batch["asked"], 0.0, self._kept * self._forgotten(batch["query"], texts, scores))
        return weighted_losses(losses, batch["weight"])

    def _forgotten(self, queries: Any, texts: Any, scores: Any) -> Any:
        """Returns each query's divergence of the scores from those by BERT alone, float32 `(batch,)`."""
        query_vectors, text_vectors = tf.gather(self._queries.vectors, queries), tf.gather(self._texts.vectors, texts)
        expected = tf.nn.log_softmax(tf.matmul(query_vectors, text_vectors, transpose_b=True) / self._temperature)
        return tf.reduce_sum(tf.exp(expected) * (expected - tf.nn.log_softmax(scores)), axis=1)

    def _embed(self, lookup: "_Lookup", rows: Any, training: bool) -> Any:
        tokens = lookup.tokens.take(rows)
        if self.head is None:
            return self.text_encoder.encode_tokens(tokens, training=training)
        return self.head(tf.gather(lookup.vectors, rows), tokens)


class _Lookup:
    """A table as a training step reads it; no tuple, since Keras would track the tensors of one."""

    def __init__(self, table: TextTable, text_encoder: TextEncoder) -> None:
        self.tokens = TokenTable(table.token_ids, text_encoder)
        self.vectors = table.vectors
