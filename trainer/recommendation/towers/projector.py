"""What TensorBoard's embedding projector shows: product vectors with their titles."""

import os

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
from tensorboard.plugins import projector

# The projector lays out this many at the most with UMAP or t-SNE in a browser.
MOST_PRODUCTS = 10_000
EMBEDDING_NAME = "products"
VECTORS_FILE = "product_vectors.tsv"
METADATA_FILE = "metadata.tsv"


def write_projector(
    log_uri: str, catalogue: pa.Table, vectors: npt.NDArray[np.float32], most_products: int = MOST_PRODUCTS
) -> None:
    """Writes the vectors of the most popular products, best first, with title, category and popularity.

    TensorBoard looks for them where event files lie: `log_uri` has to hold some itself, not in a folder below.

    Args:
        log_uri: A run's folder of logs.
        catalogue: Columns title, category and popularity; row i is product i.
        vectors: float32 `(products, dimensions)`. Seven significant digits are written.
        most_products: Products to write at the most; of equally popular ones those of lower index.
    """
    chosen = np.argsort(-catalogue["popularity"].to_numpy(), kind="stable")[:most_products]
    table = catalogue.select(["title", "category", "popularity"]).take(chosen)
    with tf.io.gfile.GFile(os.path.join(log_uri, VECTORS_FILE), "w") as stream:
        np.savetxt(stream, vectors[chosen], fmt="%.7g", delimiter="\t")
    with tf.io.gfile.GFile(os.path.join(log_uri, METADATA_FILE), "w") as stream:
        stream.write("title\tcategory\tpopularity\n")
        for row in table.to_pylist():
            stream.write(f"{_one_cell(row['title'])}\t{_one_cell(row['category'])}\t{row['popularity']:.7g}\n")
    embedding = projector.EmbeddingInfo(
        tensor_name=EMBEDDING_NAME, tensor_path=VECTORS_FILE, metadata_path=METADATA_FILE
    )
    projector.visualize_embeddings(log_uri, projector.ProjectorConfig(embeddings=[embedding]))


def _one_cell(text: str | None) -> str:
    """Replaces tabs, and all that a reader may take for the end of a line, by single blanks."""
    return " ".join((text or "").split())
