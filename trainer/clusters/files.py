"""Files of clustered products.

`clusters.parquet` has a row a leaf, `product_clusters.parquet` a row a product, and `cluster_projection.parquet`, which
is there if vectors were learned, a row a dimension of text vectors, and the offset as its last row.
"""

import dataclasses
import json
import os

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.clusters.fused_vectors import Scale, VectorFusion
from trainer.clusters.learning.projection import Projection
from trainer.clusters.products import ProductClusters

CLUSTERS_FILE = "clusters.parquet"
PRODUCTS_FILE = "product_clusters.parquet"
PROJECTION_FILE = "cluster_projection.parquet"
_FUSION_KEY = b"vector_fusion"


def save_product_clusters(clusters: ProductClusters, uri: str) -> None:
    """Writes the files to a folder, which is made.

    `clusters.parquet` has the columns cluster_id (int32), label, parent (int32), parent_label and centroid (list of
    float32); how vectors are fused is JSON in its schema's metadata. `product_clusters.parquet` has the column
    cluster_id (int32), in the order of the products; `cluster_projection.parquet` the column values (list of float32).
    """
    parent_labels = [clusters.parent_labels[parent] for parent in clusters.parents.tolist()]
    table = pa.table(
        {
            "cluster_id": pa.array(range(len(clusters.labels)), pa.int32()),
            "label": pa.array(clusters.labels, pa.string()),
            "parent": pa.array(clusters.parents, pa.int32()),
            "parent_label": pa.array(parent_labels, pa.string()),
            "centroid": _lists(clusters.centroids),
        }
    ).replace_schema_metadata({_FUSION_KEY: json.dumps(dataclasses.asdict(clusters.fusion))})
    tf.io.gfile.makedirs(uri)
    write_parquet(os.path.join(uri, CLUSTERS_FILE), table)
    write_parquet(
        os.path.join(uri, PRODUCTS_FILE), pa.table({"cluster_id": pa.array(clusters.cluster_ids, pa.int32())})
    )
    if clusters.projection is not None:
        rows = np.concatenate([clusters.projection.matrix, clusters.projection.offset[np.newaxis]])
        write_parquet(os.path.join(uri, PROJECTION_FILE), pa.table({"values": _lists(rows)}))


def load_product_clusters(uri: str) -> ProductClusters:
    """Reads what `save_product_clusters` wrote.

    Raises:
        ValueError: The folder does not have the files, or they are not of clusters.
    """
    table = read_parquet(os.path.join(uri, CLUSTERS_FILE))
    products = read_parquet(os.path.join(uri, PRODUCTS_FILE))
    metadata = table.schema.metadata or {}
    if _FUSION_KEY not in metadata:
        raise ValueError(f"{uri} should hold clusters as `save_product_clusters` writes them. Save them again.")
    parents = table["parent"].to_numpy().astype(np.int32)
    labels = dict(zip(parents.tolist(), table["parent_label"].to_pylist(), strict=True))
    return ProductClusters(
        cluster_ids=products["cluster_id"].to_numpy().astype(np.int32),
        labels=table["label"].to_pylist(),
        centroids=_rows(table["centroid"]),
        parents=parents,
        parent_labels=[labels[parent] for parent in range(len(labels))],
        fusion=_fusion(json.loads(metadata[_FUSION_KEY])),
        projection=_projection(os.path.join(uri, PROJECTION_FILE)),
    )


def _projection(path: str) -> Projection | None:
    if not tf.io.gfile.exists(path):
        return None
    rows = _rows(read_parquet(path)["values"])
    return Projection(matrix=rows[:-1], offset=rows[-1])


def _lists(rows: npt.NDArray[np.float32]) -> pa.ListArray:
    offsets = pa.array(np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1])
    return pa.ListArray.from_arrays(offsets, pa.array(rows.ravel(), pa.float32()))


def _rows(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    rows: npt.NDArray[np.float32] = column.combine_chunks().flatten().to_numpy().reshape(len(column), -1)
    return rows


def _fusion(values: dict[str, object]) -> VectorFusion:
    scales = {name: Scale(**scale) for name in ("price", "rating") if isinstance(scale := values[name], dict)}
    mean = values["image_mean"]
    return VectorFusion(
        image_weight=float(str(values["image_weight"])),
        image_mean=tuple(mean) if isinstance(mean, list) else None,
        **scales,
    )
