"""Judges the search encoder after each epoch, and mines the next epoch's negatives from the same vectors."""

import numpy as np
import numpy.typing as npt

from trainer.fitting.fit import EpochValidation
from trainer.metrics.ranking import hit_matrix, mrr_at_k, ndcg_at_k, recall_at_k
from trainer.search.batches import BatchSource, TrainingPairs
from trainer.search.options import SearchTrainingOptions
from trainer.search.queries import JudgedQueries
from trainer.search.ranking import Neighbours, near_misses, nearest
from trainer.search.tables import EncoderInputs, TextTable

MONITORED = "ndcg_at_10"
_K = 10


class SearchValidation(EpochValidation):
    """Ranks the texts for the eval split after each epoch: `ndcg_at_10`, `recall_at_10` and `mrr_at_10`.

    `neighbours_kept` is the share of the ten nearest texts by BERT as it came that are still the ten nearest ones, over
    a sample of texts: what a pretrained BERT knows of a language is more than the queries of one shop teach.

    Time grows with eval queries times ranked texts, and with what mining compares; options limit all of them.

    Args:
        inputs: The encoder in training.
        tables: Its tables of the training queries, of the texts and of the eval queries.
        texts: int64 `(corpus,)` rows of the texts that are ranked.
        relevant: Offsets and rows of the texts that answer each eval query.
        source: Gets the mined negatives.
        options: Ranks to mine between, and how much is compared.
        seed: Of what is sampled.
    """

    def __init__(
        self,
        inputs: EncoderInputs,
        tables: tuple[TextTable, TextTable, TextTable],
        texts: npt.NDArray[np.int64],
        relevant: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
        source: BatchSource,
        options: SearchTrainingOptions,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._neighbours: Neighbours | None = None
        self._inputs = inputs
        self._training_table, text_table, self._eval_table = tables
        self._text_table = text_table.take(texts)
        self._texts = texts
        self._relevant = relevant
        self._source = source
        self._options = options

    def start(self, text_vectors: npt.NDArray[np.float32]) -> None:
        """Mines the first epoch's negatives, and notes the neighbours by BERT.

        Args:
            text_vectors: float32 `(texts, dimensions)` of all texts, by BERT before training.
        """
        self._neighbours = Neighbours(text_vectors[self._texts], np.random.default_rng(self._seed))
        # A head has its own word on BERT's vectors, of the queries as of the texts.
        has_head = self._text_table.vectors is not None
        self._mine(self._inputs.vectors(self._text_table) if has_head else text_vectors[self._texts], 0)

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        vectors = self._inputs.vectors(self._text_table)
        lists = self._texts[nearest(self._inputs.vectors(self._eval_table), vectors, _K)]
        offsets, targets = self._relevant
        hits, counts = hit_matrix(lists, offsets, targets), np.diff(offsets)
        found = {
            "ndcg_at_10": ndcg_at_k(hits, counts, _K),
            "recall_at_10": recall_at_k(hits, np.minimum(counts, _K), _K),
            "mrr_at_10": mrr_at_k(hits, counts, _K),
        }
        if not last:
            self._mine(vectors, epoch + 1)
        metrics = {name: float(np.nanmean(values)) for name, values in found.items()}
        return metrics if self._neighbours is None else {**metrics, "neighbours_kept": self._neighbours.kept(vectors)}

    def _mine(self, vectors: npt.NDArray[np.float32], epoch: int) -> None:
        """Mines the negatives of an epoch; what it draws depends on no earlier one."""
        if not self._options.hard_negatives:
            return
        # Of what stands at the top much answers the query though nobody has said so. Of a query that was made of a text
        # nobody could say: other texts with its words answer it as well.
        pairs = self._source.pairs
        asked = np.flatnonzero(pairs.asked)
        if not len(asked):
            return
        queries, judged = self._inputs.vectors(self._training_table.take(asked)), [pairs.judged[row] for row in asked]
        random = np.random.default_rng([self._seed, epoch])
        mined = near_misses(queries, vectors, self._texts, judged, self._options, random)
        for row, found in zip(asked, mined, strict=True):
            self._source.mined[row] = found


def chosen_texts(
    pairs: TrainingPairs, answers: npt.NDArray[np.int64], texts: int, most: int, seed: int
) -> npt.NDArray[np.int64]:
    """Returns the rows of the texts that are ranked: all, or those that answer a query and a sample of the others.

    Args:
        pairs: What is learned.
        answers: Rows that answer an eval query.
        texts: Distinct texts.
        most: Texts at the most, unless more answer a query.
        seed: Of the sample.
    """
    if texts <= most:
        return np.arange(texts)
    needed = np.union1d(pairs.text, answers)
    others = np.setdiff1d(np.arange(texts), needed, assume_unique=True)
    sampled = np.random.default_rng(seed).permutation(others)[: max(0, most - len(needed))]
    return np.sort(np.concatenate([needed, sampled]))


def eval_answers(
    queries: JudgedQueries, text_of_product: npt.NDArray[np.int64], least: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns offsets and distinct rows of the texts that answer each query with at least that relevance.

    Raises:
        ValueError: No text answers any query.
    """
    offsets, products = queries.relevant(least)
    if not len(products):
        raise ValueError(
            f"No eval query has a product of relevance {least} or more, so there is nothing to validate on. Lower "
            "`tasks.search.training.relevant_from`, or give judgements of that relevance."
        )
    rows = np.repeat(np.arange(len(queries)), np.diff(offsets))
    distinct = np.unique(np.column_stack([rows, text_of_product[products]]), axis=0)
    counts = np.bincount(distinct[:, 0], minlength=len(queries))
    return np.concatenate([[0], np.cumsum(counts)]), distinct[:, 1]
