"""What several tasks make of the products table: transformed columns and text vectors, each once a run."""

from typing import NamedTuple

from tfx.components import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import transform_pb2

from components.products.text_vectors import TextVectors
from components.source_digest import source_digest
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.tables import TableNodes
from trainer.options import TextOptions

TRANSFORM, TEXT_VECTORS = "ProductsTransform", "ProductsTextVectors"


class ProductNodes(NamedTuple):
    """The nodes that read the products table; None for what no configured task asks for.

    Attributes:
        transform: Numbers and categories, for towers.
        text_vectors: The vector of each distinct text.
    """

    transform: Transform | None
    text_vectors: TextVectors | None

    def nodes(self) -> list[BaseNode]:
        """Returns those that there are."""
        return [node for node in self if node is not None]


def product_nodes(config: Config, products: TableNodes | None) -> ProductNodes:
    """Returns what the configured tasks need of the products table.

    Args:
        config: The whole configuration.
        products: The table's nodes; None where the shop has no such table.
    """
    if products is None:
        return ProductNodes(None, None)
    find_products = config.tasks.recommendation is not None or config.tasks.search is not None
    return ProductNodes(
        transform=_transform(config, products) if config.tasks.recommendation is not None else None,
        text_vectors=_text_vectors(config.text, products) if config.text is not None and find_products else None,
    )


def _transform(config: Config, products: TableNodes) -> Transform:
    every_row = transform_pb2.SplitsConfig(analyze=["all"], transform=["all"])
    transform = Transform(
        examples=products.examples,
        schema=products.schema,
        preprocessing_fn="trainer.text.preprocessing.preprocessing_fn",
        splits_config=every_row,
        custom_config={
            "number_columns": list(config.features.products.numeric),
            "category_columns": list(config.features.products.categorical),
            # TFX's cache does not see a change in the function that it is given by name.
            "source_digest": source_digest("trainer.text.preprocessing"),
        },
        disable_statistics=True,
    ).with_id(TRANSFORM)
    transform.add_upstream_node(products.gate)
    return transform


def _text_vectors(text: TextOptions, products: TableNodes) -> TextVectors:
    text_vectors = TextVectors(
        products=products.examples, options=text, source_digest=source_digest("components.products.text_vectors")
    ).with_id(TEXT_VECTORS)
    text_vectors.add_upstream_node(products.gate)
    return text_vectors
