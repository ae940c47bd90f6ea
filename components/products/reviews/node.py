"""ProductReviews: what reviews say of a product becomes a column of the products table."""

import logging
from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import encode_split_names, get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.errors import InputError
from components.parameters import execution_parameters
from components.products.reviews.join import REVIEW_COLUMNS, JoinReviews
from components.tables.example_gen import WriteTableShards
from components.tables.read_back import (
    ReadTable,
    bucket_count,
    column_has_values,
    table_files,
    table_rows,
    table_schema,
)
from trainer.artifacts.names import TABLE_SPLIT


class ProductReviewsSpec(ComponentSpec):
    """Inputs, outputs and parameters of ProductReviews."""

    PARAMETERS = execution_parameters(phrases=int, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "products": ChannelParameter(type=standard_artifacts.Examples),
        "texts": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"reviewed_products": ChannelParameter(type=standard_artifacts.Examples)}


class ProductReviewsExecutor(BaseBeamExecutor):
    """Counts phrases, and joins the most telling ones to their products, in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the products table again, with the columns `review_phrases` and `rating` filled.

        Args:
            input_dict: `products` and `texts`: table artifacts, split `all`, Parquet.
            output_dict: `reviewed_products`: likewise, with the same columns; rows are in no particular order.
            exec_properties: `phrases`: Phrases of a product at the most. `source_digest` only keys the cache.

        Raises:
            InputError: No text names a product.
        """
        products, texts = (table_files(get_single_instance(input_dict[name])) for name in ("products", "texts"))
        if not column_has_values(texts, "product_id"):
            raise InputError(
                "Table `texts`: no row has a `product_id`; expected the product that each review is about, as "
                "`text.fields` names `review_phrases`. Name the column under `columns`, or take that field out."
            )
        (before,), (after,) = input_dict["products"], output_dict["reviewed_products"]
        after.split_names = encode_split_names([TABLE_SPLIT])
        for name in ("payload_format", "file_format"):
            after.set_string_custom_property(name, before.get_string_custom_property(name))
        folder = get_split_uri([after], TABLE_SPLIT)
        fileio.makedirs(folder)
        schema = table_schema(products)
        logging.info("%d reviews of %d products.", table_rows(texts), table_rows(products))
        with self._make_beam_pipeline() as pipeline:
            tables = {
                "products": pipeline | "ReadProducts" >> ReadTable(products),
                "reviews": pipeline | "ReadReviews" >> ReadTable(texts, REVIEW_COLUMNS),
            }
            _ = (
                tables
                | "JoinReviews" >> JoinReviews(exec_properties["phrases"], schema, bucket_count(table_rows(products)))
                | "WriteProducts" >> WriteTableShards(folder, schema)
            )


class ProductReviews(BaseBeamComponent):
    """Says in a column of the products table what reviews say of each product.

    Args:
        products: Table artifact of the products.
        texts: Table artifact of texts, some of which name a product.
        phrases: Phrases of a product at the most.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `reviewed_products`: the products table, to be read in place of the input.
    """

    SPEC_CLASS = ProductReviewsSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ProductReviewsExecutor)

    def __init__(self, *, products: BaseChannel, texts: BaseChannel, phrases: int, source_digest: str) -> None:
        super().__init__(
            ProductReviewsSpec(
                products=products,
                texts=texts,
                phrases=phrases,
                source_digest=source_digest,
                reviewed_products=Channel(type=standard_artifacts.Examples),
            )
        )
