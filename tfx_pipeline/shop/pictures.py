"""The node that encodes the pictures of a table."""

import os

from components.pictures.node import PictureVectors
from components.source_digest import source_digest
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.shop.tables import TableNodes


def picture_vectors(shop: ShopOptions, inputs: PipelineInputs, name: str, table: TableNodes) -> PictureVectors | None:
    """Returns PictureVectors of a table, which waits for its gate; None where the shop reads no pictures.

    Args:
        shop: How pictures become vectors, and where the table lies.
        inputs: Where relative paths begin.
        name: The table's name in the configuration.
        table: Its nodes.
    """
    if not shop.pictures.read:
        return None
    node = PictureVectors(
        rows=table.examples,
        table=name,
        column=IMAGE,
        folder=pictures_folder(shop, shop.tables.given()[name][0].path),
        data=inputs.data,
        options=shop.pictures,
        source_digest=source_digest("components.pictures.node"),
    ).with_id(picture_node(name))
    node.add_upstream_node(table.gate)
    return node


def picture_node(name: str) -> str:
    """Returns the id of the node that encodes the pictures of a table."""
    return f"{name.capitalize()}PictureVectors"


def pictures_folder(shop: ShopOptions, table: str) -> str:
    """Returns where relative paths of pictures start that a table names, which lies at a path or a glob."""
    return shop.pictures.folder or _folder_of(table)


def _folder_of(path: str) -> str:
    """Returns the folder that a file, or the files of a glob, lie in; a folder is one itself."""
    before_glob = path[: min((path.index(sign) for sign in "*?[" if sign in path), default=len(path))]
    is_file = "." in os.path.basename(path) or before_glob != path
    return os.path.dirname(before_glob) if is_file else path
