"""UserSegments: the segment of every active user, what each segment is like, and what to offer it."""

import functools
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
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

from components.artifacts import Catalogue, Labels, Segments
from components.events.counts import SumCounters
from components.parameters import execution_parameters
from components.segmentation.segments.description import with_descriptions
from components.segmentation.segments.profiles import segment_profiles
from components.segmentation.segments.steps import MAP, PROFILE, ROWS, SEGMENTS_SCHEMA, SegmentedUsers, SegmentUsers
from components.segmentation.segments.user_map import MAP_SCHEMA, user_map
from trainer.artifacts.json_files import write_json
from trainer.artifacts.labels import load_label_facts
from trainer.artifacts.names import MAP_FILE, PARQUET_SUFFIX, PROFILES_FILE, SEGMENTS_PREFIX
from trainer.artifacts.parquet_files import write_parquet

_CURRENT_SPLIT = "current"
_ASKED_AT_ONCE = 64


class UserSegmentsSpec(ComponentSpec):
    """Inputs, outputs and parameters of UserSegments."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "labels": ChannelParameter(type=Labels),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "recommendation": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"segments": ChannelParameter(type=Segments)}


class UserSegmentsExecutor(BaseBeamExecutor):
    """Asks the served model about every active user in Beam, and sums up by segment."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes segments, profiles and map.

        Users are spread over workers; a worker holds the models and one batch of histories. What is summed up grows
        with the segments times the kinds, the map with at most some 1,000 users.

        Args:
            input_dict: `examples`: histories with the split current. `catalogue`: their products. `labels`: the
                segments. `model`: the served segmentation. `recommendation`: a served recommendation model, if there
                is one.
            output_dict: `segments`: `segments-*.parquet` with one row a user, `profiles.json` and `map.parquet`.
            exec_properties: `source_digest` only keys the cache.
        """
        del exec_properties
        examples = get_single_instance(input_dict["examples"])
        uri = get_single_instance(output_dict["segments"]).uri
        fileio.makedirs(uri)
        recommendation = input_dict.get("recommendation")
        facts = load_label_facts(get_single_instance(input_dict["labels"]).uri)
        load = functools.partial(
            SegmentedUsers,
            path_utils.serving_model_path(get_single_instance(input_dict["model"]).uri),
            get_single_instance(input_dict["catalogue"]).uri,
            path_utils.serving_model_path(get_single_instance(recommendation).uri) if recommendation else "",
            facts["active_seconds"],
        )
        with self._make_beam_pipeline() as pipeline:
            found = (
                pipeline
                | "ReadCurrentUsers" >> beam.io.ReadFromTFRecord(f"{get_split_uri([examples], _CURRENT_SPLIT)}/*")
                | "BatchUsers" >> beam.BatchElements(_ASKED_AT_ONCE, _ASKED_AT_ONCE)
                | "SegmentUsers" >> beam.ParDo(SegmentUsers(load)).with_outputs(PROFILE, MAP, main=ROWS)
            )
            _ = found[ROWS] | "WriteSegments" >> beam.io.WriteToParquetBatched(
                f"{uri}/{SEGMENTS_PREFIX}", SEGMENTS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
            )
            _ = (
                found[PROFILE]
                | "AddUpProfiles" >> beam.CombineGlobally(SumCounters())
                | "WriteProfiles" >> beam.Map(_write_profiles, facts, f"{uri}/{PROFILES_FILE}")
            )
            _ = (
                found[MAP]
                | "GatherMap" >> beam.combiners.ToList()
                | "WriteMap" >> beam.Map(_write_map, f"{uri}/{MAP_FILE}")
            )


class UserSegments(BaseBeamComponent):
    """Gives every active user a segment.

    Args:
        examples: Histories with the split current.
        catalogue: Their products.
        labels: The segments.
        model: The served segmentation.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        recommendation: A served recommendation model, which ranks products for each segment; None for no such lists.

    Output `segments` (components.artifacts.Segments).
    """

    SPEC_CLASS = UserSegmentsSpec
    EXECUTOR_SPEC = BeamExecutorSpec(UserSegmentsExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        catalogue: BaseChannel,
        labels: BaseChannel,
        model: BaseChannel,
        source_digest: str,
        recommendation: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            UserSegmentsSpec(
                examples=examples,
                catalogue=catalogue,
                labels=labels,
                model=model,
                recommendation=recommendation,
                source_digest=source_digest,
                segments=Channel(type=Segments),
            )
        )


def _write_profiles(sums: Counter[Any], facts: Mapping[str, Any], path: str) -> None:
    profiles = segment_profiles(sums, facts["labels"], facts.get("segment_definitions", ()))
    write_json(path, with_descriptions(profiles, facts["period_days"]))


def _write_map(points: list[tuple[str, list[float]]], path: str) -> None:
    write_parquet(path, pa.Table.from_pylist(user_map(points), MAP_SCHEMA))
