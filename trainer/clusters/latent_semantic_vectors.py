"""Vectors of texts from nothing but their words: TF-IDF and a singular value decomposition."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from trainer.clusters.label_vocabulary import read_text_words

_DIMENSIONS = 100


def latent_semantic_vectors(texts: Sequence[str], seed: int) -> npt.NDArray[np.float32]:
    """Returns latent semantic vectors (Deerwester et al., "Indexing by latent semantic analysis", 1990).

    The words of `split_words` are weighted by TF-IDF as scikit-learn has it, with 1 + log(tf), and reduced to 100
    dimensions at the most, so that their clusters need no more memory than those of other vectors.

    Args:
        texts: `(texts,)`.
        seed: Of the randomised decomposition.

    Returns:
        float32 `(texts, dimensions)` of length 1, or 0 where a text has no word.
    """
    words = read_text_words(texts)
    shape = (len(texts), max(len(words.vocabulary), 1))
    counts = csr_matrix((np.ones(len(words.words)), (words.texts, words.words)), shape=shape)
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    if min(shape) > _DIMENSIONS:
        reduced = TruncatedSVD(_DIMENSIONS, random_state=seed % 2**32).fit_transform(weighted)
    else:
        reduced = weighted.toarray()
    vectors: npt.NDArray[np.float32] = normalize(reduced).astype(np.float32)
    return vectors
