"""ProductTextVectors: each distinct product text is encoded once."""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.shared import Shared
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec

from components.artifacts import TextVectors
from components.parameters import Parameter, execution_parameters
from components.products.earlier_vectors import LeaveOutKnownTexts, TakeOverVectors, encoded_alike, write_encoder
from components.products.vector_tables import TEXT_VECTORS_SCHEMA, text_vectors_table
from components.tables.read_back import ReadTable, from_bytes, table_files
from trainer.artifacts.names import PARQUET_SUFFIX, TEXT_VECTORS_PREFIX
from trainer.options import TextOptions
from trainer.progress import Tally
from trainer.text.backbone import TextEncoder, encode_texts, load_text_encoder
from trainer.text.product_texts import product_texts

# Enough for the encoder to sort texts by length into batches that waste little on padding.
_TEXTS_AT_ONCE = 8192


class EncodeTexts(beam.PTransform):
    """Arrow IPC streams of products to tables with `TEXT_VECTORS_SCHEMA`, one row a distinct text.

    Args:
        options: The encoder, and the columns that make up a text.
        earlier: TextVectors of an earlier run, whose texts are not encoded again; empty for none.
    """

    def __init__(self, options: TextOptions, earlier: str = "") -> None:
        super().__init__()
        self._options, self._earlier = options, earlier

    def expand(self, products: beam.PCollection[bytes]) -> beam.PCollection[pa.Table]:
        """Adds the composing and the encoding to a pipeline."""
        texts = products | "ComposeTexts" >> beam.FlatMap(_texts, self._options.fields).with_output_types(str)
        if not self._earlier:
            return texts | "EncodeDistinct" >> EncodeDistinctTexts(self._options)
        distinct = texts | "KeepDistinct" >> beam.Distinct()
        new = (
            distinct
            | "LeaveOutKnownTexts" >> LeaveOutKnownTexts(self._earlier)
            | "EncodeNew" >> EncodeDistinctTexts(self._options)
        )
        known = distinct | "TakeOverVectors" >> TakeOverVectors(self._earlier)
        return (new, known) | "Flatten" >> beam.Flatten()


class EncodeDistinctTexts(beam.PTransform):
    """Texts to tables with `TEXT_VECTORS_SCHEMA`, one row a distinct text.

    Args:
        options: The encoder.
    """

    def __init__(self, options: TextOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, texts: beam.PCollection[str]) -> beam.PCollection[pa.Table]:
        """Adds the encoding to a pipeline."""
        return (
            texts
            | "KeepDistinctTexts" >> beam.Distinct()
            | "BatchTexts" >> beam.BatchElements(_TEXTS_AT_ONCE, _TEXTS_AT_ONCE)
            | "EncodeBatches" >> beam.ParDo(_EncodeBatch(self._options))
        )


def _texts(stream: bytes, fields: Sequence[str]) -> Iterable[str]:
    """Composes the texts of a batch of products; equal ones once, so that Beam has less to move."""
    return dict.fromkeys(product_texts(from_bytes(stream), fields))


class _EncodeBatch(beam.DoFn):
    """Lists of distinct texts to tables with `TEXT_VECTORS_SCHEMA`; the first one loads the encoder, once a process."""

    def __init__(self, options: TextOptions) -> None:
        self._options = options
        self._shared = Shared()
        self._encoder: TextEncoder | None = None
        self._encoded = Tally("texts")

    def process(self, element: Sequence[str]) -> Iterable[pa.Table]:
        encoder = self._encoder or self._shared.acquire(lambda: load_text_encoder(self._options), tag=self._options)
        self._encoder = encoder
        started = time.monotonic()
        vectors = encode_texts(encoder, element, self._options.batch_size, self._encoded)
        seconds = time.monotonic() - started
        logging.info("Encoded %d texts in %.1f s, %.0f a second.", len(vectors), seconds, len(vectors) / seconds)
        yield text_vectors_table(element, vectors)


class ProductTextVectorsSpec(ComponentSpec):
    """Inputs, outputs and parameters of ProductTextVectors."""

    PARAMETERS = execution_parameters(options_json=str, earlier_vectors=str, source_digest=str)
    INPUTS = {"products": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {"vectors": ChannelParameter(type=TextVectors)}


class ProductTextVectorsExecutor(BaseBeamExecutor):
    """Encodes product texts in Beam."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the vector of each distinct product text.

        A worker holds the encoder, one batch of products and one of texts.

        Args:
            input_dict: `products`: table artifact, split `all`, Parquet.
            output_dict: `vectors`: `vectors-*.parquet` with columns text and vector, in any order.
            exec_properties: `options_json`: TextOptions. `earlier_vectors`: what an update takes over of texts that are
                in it, unless another encoder or other code computed it; empty in a run. `source_digest` keys the cache.
        """
        digest, earlier = exec_properties["source_digest"], exec_properties["earlier_vectors"]
        options = TextOptions.model_validate_json(exec_properties["options_json"])
        products = get_single_instance(input_dict["products"])
        uri = get_single_instance(output_dict["vectors"]).uri
        fileio.makedirs(uri)
        if earlier and not encoded_alike(earlier, options, digest):
            earlier = ""
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadProducts" >> ReadTable(table_files(products), options.fields)
                | "EncodeTexts" >> EncodeTexts(options, earlier)
                | "WriteVectors"
                >> beam.io.WriteToParquetBatched(
                    f"{uri}/{TEXT_VECTORS_PREFIX}", TEXT_VECTORS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
                )
            )
        write_encoder(uri, options, digest)


class ProductTextVectors(BaseBeamComponent):
    """Encodes each distinct text of a products table once.

    Args:
        products: Table artifact of the products.
        options: The encoder, and the columns that make up a text.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        earlier_vectors: URI of the vectors of the run that an update starts from; empty in a run.

    Output `vectors` (components.artifacts.TextVectors).
    """

    SPEC_CLASS = ProductTextVectorsSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ProductTextVectorsExecutor)

    def __init__(
        self, *, products: BaseChannel, options: TextOptions, source_digest: str, earlier_vectors: Parameter = ""
    ) -> None:
        super().__init__(
            ProductTextVectorsSpec(
                products=products,
                options_json=options.model_dump_json(),
                earlier_vectors=earlier_vectors,
                source_digest=source_digest,
                vectors=Channel(type=TextVectors),
            )
        )
