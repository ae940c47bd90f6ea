"""UserOffers: what a response model expects of every known user and current offer."""

import functools
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import Catalogue, OfferAnswers
from components.parameters import execution_parameters
from components.response.examples.writing import CURRENT
from components.response.offers.steps import OFFERS_SCHEMA, AskedOffers, AskOffers
from trainer.artifacts.names import ANSWERS_PREFIX, PARQUET_SUFFIX
from trainer.artifacts.parquet_files import write_parquet
from trainer.response.items import load_item_facts

_ASKED_AT_ONCE = 1024


class UserOffersSpec(ComponentSpec):
    """Inputs, outputs and parameters of UserOffers."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"answers": ChannelParameter(type=OfferAnswers)}


class UserOffersExecutor(BaseBeamExecutor):
    """Asks the served model about every known user and current offer in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the answers; a worker holds the model and one batch.

        Args:
            input_dict: `examples`: with the split current. `catalogue`: theirs. `model`: what the trainer wrote.
            output_dict: `answers`: `answers-*.parquet` with a row for each user and offer.
            exec_properties: `source_digest` only keys the cache.
        """
        del exec_properties
        examples, model, catalogue = (get_single_instance(input_dict[name]) for name in self._inputs)
        uri = get_single_instance(output_dict["answers"]).uri
        fileio.makedirs(uri)
        facts = load_item_facts(catalogue.uri)
        current = f"{get_split_uri([examples], CURRENT)}/*"
        if not fileio.glob(current):
            # No offer may be shown now.
            write_parquet(f"{uri}/{ANSWERS_PREFIX}-00000-of-00001{PARQUET_SUFFIX}", OFFERS_SCHEMA.empty_table())
            return
        load = functools.partial(AskedOffers, path_utils.serving_model_path(model.uri), facts)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadCurrent" >> beam.io.ReadFromTFRecord(current)
                | "BatchCurrent" >> beam.BatchElements(_ASKED_AT_ONCE, _ASKED_AT_ONCE)
                | "AskOffers" >> beam.ParDo(AskOffers(load))
                | "WriteAnswers"
                >> beam.io.WriteToParquetBatched(
                    f"{uri}/{ANSWERS_PREFIX}", OFFERS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
                )
            )

    _inputs: ClassVar[tuple[str, ...]] = ("examples", "model", "catalogue")


class UserOffers(BaseBeamComponent):
    """Says what comes of every current offer for every known user.

    Args:
        examples: With the split current.
        catalogue: Theirs.
        model: The response model.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `answers` (components.artifacts.OfferAnswers).
    """

    SPEC_CLASS = UserOffersSpec
    EXECUTOR_SPEC = BeamExecutorSpec(UserOffersExecutor)

    def __init__(
        self, *, examples: BaseChannel, catalogue: BaseChannel, model: BaseChannel, source_digest: str
    ) -> None:
        super().__init__(
            UserOffersSpec(
                examples=examples,
                catalogue=catalogue,
                model=model,
                source_digest=source_digest,
                answers=Channel(type=OfferAnswers),
            )
        )
