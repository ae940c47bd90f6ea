"""Files of clustered products: `clusters.parquet`, a row a leaf, and `product_clusters.parquet`, a row a product."""

import dataclasses
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from trainer.artifacts.parquet_files import read_parquet
from trainer.clusters.fused_vectors import Scale, VectorFusion
from trainer.clusters.products import ProductClusters

CLUSTERS_FILE = "clusters.parquet"
PRODUCTS_FILE = "product_clusters.parquet"
_FUSION_KEY = b"vector_fusion"


def save_product_clusters(clusters: ProductClusters, uri: str) -> None:
    """Writes the two files to a folder, which is made.

    `clusters.parquet` has the columns cluster_id (int32), label, parent (int32), parent_label and centroid (list of
    float32); how vectors are fused is JSON in its schema's metadata. `product_clusters.parquet` has the column
    cluster_id (int32), in the order of the products.
    """
    width = clusters.centroids.shape[1]
    parent_labels = [clusters.parent_labels[parent] for parent in clusters.parents.tolist()]
    offsets = pa.array(np.arange(len(clusters.labels) + 1, dtype=np.int32) * width)
    table = pa.table(
        {
            "cluster_id": pa.array(range(len(clusters.labels)), pa.int32()),
            "label": pa.array(clusters.labels, pa.string()),
            "parent": pa.array(clusters.parents, pa.int32()),
            "parent_label": pa.array(parent_labels, pa.string()),
            "centroid": pa.ListArray.from_arrays(offsets, pa.array(clusters.centroids.ravel(), pa.float32())),
        }
    ).replace_schema_metadata({_FUSION_KEY: json.dumps(dataclasses.asdict(clusters.fusion))})
    tf.io.gfile.makedirs(uri)
    for name, content in (
        (CLUSTERS_FILE, table),
        (PRODUCTS_FILE, pa.table({"cluster_id": pa.array(clusters.cluster_ids, pa.int32())})),
    ):
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink)
        with tf.io.gfile.GFile(os.path.join(uri, name), "wb") as stream:
            stream.write(sink.getvalue().to_pybytes())


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
        centroids=table["centroid"].combine_chunks().flatten().to_numpy().reshape(len(parents), -1),
        parents=parents,
        parent_labels=[labels[parent] for parent in range(len(labels))],
        fusion=_fusion(json.loads(metadata[_FUSION_KEY])),
    )


def _fusion(values: dict[str, object]) -> VectorFusion:
    scales = {name: Scale(**scale) for name in ("price", "rating") if isinstance(scale := values[name], dict)}
    mean = values["image_mean"]
    return VectorFusion(
        image_weight=float(str(values["image_weight"])),
        image_mean=tuple(mean) if isinstance(mean, list) else None,
        **scales,
    )
