"""The pictures of a table that `shelfwise index` puts into the served search model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from tfx.types import Artifact

from components.artifacts import PictureVectors, Quarantine
from components.errors import InputError
from components.pictures.node import PictureVectorsExecutor
from components.tables.quarantine import read_quarantine_counts
from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.shop.pictures import picture_node, pictures_folder
from tfx_pipeline.shop.read_table import beam_context
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.names import PICTURE_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet
from trainer.pictures.picture_vectors import load_picture_vectors
from trainer.search.pictures.update import CataloguePictures


class ReadPictures(NamedTuple):
    """What was read.

    Attributes:
        of_catalogue: What the model is updated with.
        encoded: Distinct pictures that the run had not encoded.
        quarantined: Refused pictures, by reason.
    """

    of_catalogue: CataloguePictures
    encoded: int
    quarantined: Mapping[str, int]


def read_pictures(
    root: Path,
    card: Mapping[str, Any],
    shop: ShopOptions,
    rows: Artifact,
    path: str,
    catalogue: pa.Table,
    scratch: Path,
) -> ReadPictures | None:
    """Reads the pictures of a products table as a run does; those that the last run has encoded are not encoded again.

    Refused ones go to a quarantine under `<root>/index`.

    Args:
        root: Folder of the run.
        card: The model card of the search model in service.
        shop: What the run's configuration says.
        rows: The table, as it was read.
        path: Where it lies.
        catalogue: Column image, of the new catalogue.
        scratch: Folder for the vectors.

    Returns:
        None where the model reads no pictures.

    Raises:
        InputError: The last run had another encoder than the model, too many pictures cannot be used, or no row has
            one.
    """
    told = card.get("pictures")
    if told is None:
        return None
    if not shop.pictures.read or shop.pictures.backbone != told["backbone"]:
        raise InputError(
            f"The served search model reads pictures by {told['backbone']}, but the last run of {root} "
            f"{'by ' + shop.pictures.backbone if shop.pictures.read else 'reads none'}; run `shelfwise run` first"
        )
    vectors, quarantine = PictureVectors(), Quarantine()
    vectors.uri, quarantine.uri = str(scratch / "pictures"), str(root / "index" / "quarantine_pictures")
    known = _known_vectors(root)
    PictureVectorsExecutor(beam_context(shop, scratch)).Do(
        {"rows": [rows], "known": known},
        {"vectors": [vectors], "quarantine": [quarantine]},
        {
            "table": "products",
            "column": IMAGE,
            "folder": pictures_folder(shop, path),
            "data": "",
            "options_json": shop.pictures.model_dump_json(),
            "source_digest": "",
        },
    )
    before = {digest for artifact in known for digest in _digests(artifact)}
    return ReadPictures(
        CataloguePictures(
            load_picture_vectors(vectors.uri, catalogue[IMAGE].to_pylist()),
            by_image=told["by_image"]["weight"],
            of_texts=told["text_queries"]["weight"],
        ),
        len(_digests(vectors) - before),
        read_quarantine_counts(quarantine.uri).bad,
    )


def _known_vectors(root: Path) -> list[Artifact]:
    """Returns what the last run has encoded; nothing where that was deleted."""
    known = PictureVectors()
    try:
        known.uri = str(latest_artifact(root, picture_node("products"), "vectors"))
    except FileNotFoundError:
        return []
    return [known]


def _digests(vectors: Artifact) -> set[str]:
    return set(read_parquet(shards(vectors.uri, PICTURE_VECTORS_PREFIX), ["picture"])["picture"].to_pylist())
