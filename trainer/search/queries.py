"""The queries of an examples artifact, in memory."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import example_features, split_files

# The slice of a query that somebody has asked.
ASKED = "asked"


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedQueries:
    """Queries and the products that were judged for each.

    Memory grows with the judgements of the split.

    Attributes:
        queries: One text a query.
        offsets: int64 `(queries + 1,)`: the judgements of query i are `offsets[i]` to `offsets[i + 1]`.
        products: int64 `(judgements,)` product indices.
        relevance: float32 `(judgements,)`, 0 to 1.
        slices: `(queries,)`, how each was perturbed, or `asked`.
        headline: bool `(queries,)`, false for perturbed copies of others.
    """

    queries: list[str]
    offsets: npt.NDArray[np.int64]
    products: npt.NDArray[np.int64]
    relevance: npt.NDArray[np.float32]
    slices: list[str]
    headline: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Returns the number of queries."""
        return len(self.queries)

    def asked(self) -> npt.NDArray[np.bool_]:
        """Tells which queries somebody has asked, bool `(queries,)`; the others were made of the catalogue."""
        return np.array([name == ASKED for name in self.slices], np.bool_)

    def rows(self) -> npt.NDArray[np.int64]:
        """Returns the query of each judgement, int64 `(judgements,)`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def relevant(self, least: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Returns offsets and products of the judgements with at least that relevance."""
        kept = self.relevance >= least
        counts = np.bincount(self.rows()[kept], minlength=len(self))
        return np.concatenate([[0], np.cumsum(counts)]), self.products[kept]

    def of_texts(self, text_of_product: npt.NDArray[np.integer]) -> "JudgedQueries":
        """Returns the same queries with each text in place of its products, as relevant as the best of them."""
        texts = text_of_product[self.products]
        order = np.lexsort((-self.relevance, texts, self.rows()))
        rows, texts = self.rows()[order], texts[order].astype(np.int64)
        first = (np.diff(rows, prepend=-1) != 0) | (np.diff(texts, prepend=-1) != 0)
        counts = np.bincount(rows[first], minlength=len(self))
        return dataclasses.replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(counts)]),
            products=texts[first],
            relevance=self.relevance[order][first],
        )


def load_queries(examples_uri: str, split: str) -> JudgedQueries:
    """Reads all queries of a split.

    Raises:
        ValueError: The split has no file.
    """
    records = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator()
    return judged_queries(list(records))


def judged_queries(records: list[bytes]) -> JudgedQueries:
    """Parses serialized tf.Examples of queries."""
    features = [example_features(record) for record in records]
    products = [np.array(each["product_index"].int64_list.value, np.int64) for each in features]
    relevance = [np.array(each["relevance"].float_list.value, np.float32) for each in features]
    return JudgedQueries(
        queries=[_text(each, "query") for each in features],
        offsets=np.concatenate([[0], np.cumsum([len(each) for each in products])]).astype(np.int64),
        products=np.concatenate([np.zeros(0, np.int64), *products]),
        relevance=np.concatenate([np.zeros(0, np.float32), *relevance]),
        slices=[_text(each, "slice") for each in features],
        headline=np.array([each["headline"].int64_list.value[0] == 1 for each in features], np.bool_),
    )


def _text(features: Any, name: str) -> str:
    text: bytes = features[name].bytes_list.value[0]
    return text.decode()
