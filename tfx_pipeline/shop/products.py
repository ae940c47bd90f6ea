"""What several tasks make of the products table, once a run: transformed columns, vectors of texts and pictures."""

from collections.abc import Mapping, Set
from typing import NamedTuple

from tfx.components import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import transform_pb2

from components.pictures.node import PictureVectors
from components.products.reviews.join import PHRASES_COLUMN
from components.products.reviews.node import ProductReviews
from components.products.text_vectors import ProductTextVectors
from components.source_digest import source_digest
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.shop.pictures import picture_vectors
from tfx_pipeline.shop.tables import TableNodes
from trainer.options import TextOptions

TRANSFORM, TEXT_VECTORS, REVIEWS = "ProductsTransform", "ProductsTextVectors", "ProductsReviews"


class ProductNodes(NamedTuple):
    """The nodes that read the products table; None for what no configured task asks for.

    Attributes:
        transform: Numbers and categories, for towers.
        text_vectors: The vector of each distinct text.
        picture_vectors: The vector of each distinct picture.
    """

    transform: Transform | None
    text_vectors: ProductTextVectors | None
    picture_vectors: PictureVectors | None = None

    def nodes(self) -> list[BaseNode]:
        """Returns those that there are."""
        return [node for node in self if node is not None]


def with_reviews(shop: ShopOptions, tables: Mapping[str, TableNodes]) -> dict[str, TableNodes]:
    """Returns the tables, of products with what reviews say where the shop's texts name it.

    Whatever reads the products reads them from there, so that every model sees the same text.
    """
    if shop.text is None or PHRASES_COLUMN not in shop.text.fields:
        return dict(tables)
    products, texts = tables["products"], tables["texts"]
    reviews = ProductReviews(
        products=products.examples,
        texts=texts.examples,
        phrases=shop.text.most_review_phrases,
        source_digest=source_digest("components.products.reviews.node"),
    ).with_id(REVIEWS)
    for table in (products, texts):
        reviews.add_upstream_node(table.gate)
    reviewed = products._replace(examples=reviews.outputs["reviewed_products"], nodes=[*products.nodes, reviews])
    return {**tables, "products": reviewed}


def product_nodes(
    shop: ShopOptions, inputs: PipelineInputs, products: TableNodes | None, wanted: Set[str]
) -> ProductNodes:
    """Returns what tasks make of the products table.

    Args:
        shop: Names the columns, and says how texts become vectors.
        inputs: Where relative paths begin, and what an update starts from.
        products: The table's nodes; None where the shop has no such table.
        wanted: What the run's tasks read: "numbers", "text_vectors", "pictures" or any of them.
    """
    if products is None:
        return ProductNodes(None, None)
    return ProductNodes(
        transform=_transform(shop, products) if "numbers" in wanted else None,
        text_vectors=_text_vectors(shop.text, products, inputs) if shop.text and "text_vectors" in wanted else None,
        picture_vectors=picture_vectors(shop, inputs, "products", products) if "pictures" in wanted else None,
    )


def _transform(shop: ShopOptions, products: TableNodes) -> Transform:
    every_row = transform_pb2.SplitsConfig(analyze=["all"], transform=["all"])
    transform = Transform(
        examples=products.examples,
        schema=products.schema,
        preprocessing_fn="trainer.text.preprocessing.preprocessing_fn",
        splits_config=every_row,
        custom_config={
            "number_columns": list(shop.features.products.numeric),
            "category_columns": list(shop.features.products.categorical),
            # TFX's cache does not see a change in the function that it is given by name.
            "source_digest": source_digest("trainer.text.preprocessing"),
        },
        disable_statistics=True,
    ).with_id(TRANSFORM)
    transform.add_upstream_node(products.gate)
    return transform


def _text_vectors(text: TextOptions, products: TableNodes, inputs: PipelineInputs) -> ProductTextVectors:
    text_vectors = ProductTextVectors(
        products=products.examples,
        options=text,
        earlier_vectors=inputs.earlier_output(TEXT_VECTORS, "vectors"),
        source_digest=source_digest("components.products.text_vectors"),
    ).with_id(TEXT_VECTORS)
    text_vectors.add_upstream_node(products.gate)
    return text_vectors
