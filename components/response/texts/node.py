"""OfferTextVectors: each distinct text of an offer is encoded, and what is left of it without each of its words."""

from collections.abc import Iterable
from typing import Any, ClassVar

import apache_beam as beam
from pydantic import Field
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import TextVectors
from components.parameters import execution_parameters
from components.products.text_vectors import EncodeDistinctTexts
from components.products.vector_tables import TEXT_VECTORS_SCHEMA
from components.response.texts.words import texts_without
from components.tables.read_back import ReadTable, from_bytes, table_files
from trainer.artifacts.names import PARQUET_SUFFIX, TEXT_VECTORS_PREFIX
from trainer.exporting import byte_strings
from trainer.options import Options, TextOptions

_TEXT = "text"


class OfferTextOptions(Options):
    """What is encoded of offers.

    Attributes:
        text: The encoder.
        explained_words: Words of a text that are left out in turn, at the most.
    """

    text: TextOptions
    explained_words: int = Field(ge=0)


class OfferTextVectorsSpec(ComponentSpec):
    """Inputs, outputs and parameters of OfferTextVectors."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {"offers": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS: ClassVar[dict[str, Any]] = {"vectors": ChannelParameter(type=TextVectors)}


class OfferTextVectorsExecutor(BaseBeamExecutor):
    """Encodes the texts of offers in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the vector of each distinct text; a worker holds the encoder and a batch of texts.

        Args:
            input_dict: `offers`: table artifact, split `all`.
            output_dict: `vectors`: `vectors-*.parquet` with columns text and vector, in any order.
            exec_properties: `options_json`: OfferTextOptions. `source_digest` only keys the cache.
        """
        options = OfferTextOptions.model_validate_json(exec_properties["options_json"])
        offers = get_single_instance(input_dict["offers"])
        uri = get_single_instance(output_dict["vectors"]).uri
        fileio.makedirs(uri)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadOffers" >> ReadTable(table_files(offers), [_TEXT])
                | "ComposeTexts" >> beam.FlatMap(_texts, options.explained_words).with_output_types(str)
                | "EncodeTexts" >> EncodeDistinctTexts(options.text)
                | "WriteVectors"
                >> beam.io.WriteToParquetBatched(
                    f"{uri}/{TEXT_VECTORS_PREFIX}", TEXT_VECTORS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
                )
            )


def _texts(stream: bytes, explained_words: int) -> Iterable[str]:
    for value in dict.fromkeys(byte_strings(from_bytes(stream)[_TEXT])):
        text = value.decode("utf-8", "replace")
        yield from (each for each in (text, *texts_without(text, explained_words)) if each)


class OfferTextVectors(BaseBeamComponent):
    """Encodes each distinct text of a table of offers once.

    Args:
        offers: Table artifact of the offers.
        options: The encoder, and how many words are left out in turn.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `vectors` (components.artifacts.TextVectors).
    """

    SPEC_CLASS = OfferTextVectorsSpec
    EXECUTOR_SPEC = BeamExecutorSpec(OfferTextVectorsExecutor)

    def __init__(self, *, offers: BaseChannel, options: OfferTextOptions, source_digest: str) -> None:
        super().__init__(
            OfferTextVectorsSpec(
                offers=offers,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                vectors=Channel(type=TextVectors),
            )
        )
