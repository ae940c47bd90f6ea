"""PictureVectors: each distinct picture that a table names is encoded once."""

import itertools
import logging
from collections.abc import Iterable
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
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

from components import artifacts
from components.artifacts import Quarantine
from components.errors import InputError
from components.parameters import Parameter, execution_parameters
from components.pictures.encoding import PICTURE_VECTORS_SCHEMA, VECTORS, EncodePictures
from components.pictures.problems import Problem
from components.pictures.reading import PROBLEMS
from components.tables.quarantine import (
    QuarantineCounts,
    WriteQuarantine,
    first_refused_rows,
    quarantine_files,
    quarantine_line,
    write_quarantine_counts,
)
from components.tables.read_back import ReadTable, from_bytes, table_files
from components.tables.sources import table_path
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import PARQUET_SUFFIX, PICTURE_VECTORS_PREFIX, shards
from trainer.options import PictureOptions

_COUNTS_FILE = "picture_counts.json"
_GOOD = "good"
_SHOWN = 3


class PictureVectorsSpec(ComponentSpec):
    """Inputs, outputs and parameters of PictureVectors."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        table=str, column=str, data=str, folder=str, options_json=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {"rows": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "vectors": ChannelParameter(type=artifacts.PictureVectors),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class PictureVectorsExecutor(BaseBeamExecutor):
    """Reads, checks and encodes pictures in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the vector of each distinct picture, and what is wrong with the others.

        Memory holds the encoder, some pictures, the references of one row group of pictures that lie in Parquet, and
        known vectors.

        Args:
            input_dict: `rows`: table artifact, split `all`, Parquet. Maybe `known`: vectors of the same encoder, of
                pictures that are not encoded again; no node gives them, `shelfwise index` does.
            output_dict: `vectors`: `vectors-*.parquet` with `PICTURE_VECTORS_SCHEMA`, in any order. `quarantine`:
                pictures that are not used.
            exec_properties: `table` and `column`: where the pictures are named. `folder`: where relative paths start,
                itself taken from `data`. `options_json`: PictureOptions. `source_digest` only keys the cache.

        Raises:
            InputError: More pictures than the options allow cannot be used, or no row names any.
        """
        options = PictureOptions.model_validate_json(exec_properties["options_json"])
        table, column = exec_properties["table"], exec_properties["column"]
        folder = table_path(exec_properties["folder"], exec_properties["data"])
        uri, quarantine_uri = (get_single_instance(output_dict[name]).uri for name in ("vectors", "quarantine"))
        known = [shards(each.uri, PICTURE_VECTORS_PREFIX) for each in input_dict.get("known", [])]
        for made in (uri, quarantine_uri):
            fileio.makedirs(made)
        with self._make_beam_pipeline() as pipeline:
            encoded = (
                pipeline
                | "ReadRows" >> ReadTable(table_files(get_single_instance(input_dict["rows"])), [column])
                | "FindReferences" >> beam.FlatMap(_references, column)
                | "KeepDistinctReferences" >> beam.Distinct()
                | "EncodePictures" >> EncodePictures(options, folder, known)
            )
            _ = encoded[VECTORS] | "WriteVectors" >> beam.io.WriteToParquetBatched(
                f"{uri}/{PICTURE_VECTORS_PREFIX}", PICTURE_VECTORS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
            )
            name = f"{table}.{column}"
            lines = encoded[PROBLEMS] | "WriteLines" >> beam.Map(_line, name)
            _ = lines | "WriteQuarantine" >> WriteQuarantine(quarantine_uri)
            good = encoded[VECTORS] | "CountGood" >> beam.Map(_count)
            bad = encoded[PROBLEMS] | "CountBad" >> beam.MapTuple(lambda _, problem: (problem.reason, 1))
            _ = (
                (good, bad)
                | "BringCountsTogether" >> beam.Flatten()
                | "SumCounts" >> beam.CombinePerKey(sum)
                | "GatherCounts" >> beam.combiners.ToDict()
                | "WriteCounts"
                >> beam.Map(lambda counts, path: write_json(path, counts), f"{quarantine_uri}/{_COUNTS_FILE}")
            )
        counted = read_json(f"{quarantine_uri}/{_COUNTS_FILE}")
        fileio.remove(f"{quarantine_uri}/{_COUNTS_FILE}")
        good_count = counted.pop(_GOOD, 0)
        counts = QuarantineCounts(table=name, rows=good_count + sum(counted.values()), good=good_count, bad=counted)
        write_quarantine_counts(quarantine_uri, counts)
        _check(counts, options, quarantine_uri)
        logging.info("Encoded the pictures of %d references, %d are refused.", counts.good, counts.rows - counts.good)


def _check(counts: QuarantineCounts, options: PictureOptions, quarantine_uri: str) -> None:
    table, _, column = counts.table.partition(".")
    if not counts.rows:
        raise InputError(
            f"Table `{table}`: no row has a picture in column `{column}`; expected its path, its URI or its bytes. "
            f"Fill the column, name it with `tables.{table}.columns`, or take `pictures` out."
        )
    if counts.bad_fraction > options.max_bad_fraction or not counts.good:
        shown = "; ".join(row["detail"] for row in itertools.islice(first_refused_rows(quarantine_uri), _SHOWN))
        raise InputError(
            f"Table `{table}`, column `{column}`: {counts.rows - counts.good:,} of {counts.rows:,} pictures "
            f"({counts.bad_fraction:.1%}) cannot be used: {counts.describe_bad()}; {options.max_bad_fraction:.1%} may. "
            f"The first: {shown}. All of them are in {quarantine_files(quarantine_uri)}; mend the column, say where "
            "relative paths start with `pictures.folder`, or raise `pictures.max_bad_fraction`."
        )


def _references(stream: bytes, column: str) -> Iterable[str]:
    """Returns the references of a batch of rows; equal ones once, so that Beam has less to move."""
    rows = from_bytes(stream)
    if column not in rows.column_names:
        return {}
    values = rows[column].drop_null().to_pylist()
    return dict.fromkeys(value.decode("utf-8") if isinstance(value, bytes) else value for value in values)


def _count(rows: pa.Table) -> tuple[str, int]:
    return _GOOD, sum(map(len, rows["references"].to_pylist()))


def _line(refused: tuple[str, Problem], table: str) -> str:
    reference, problem = refused
    _, _, column = table.partition(".")
    return quarantine_line(table, problem.reason, problem.detail, {column: reference[:1000]}, None)


class PictureVectors(BaseBeamComponent):
    """Encodes each distinct picture that a column of a table names.

    Args:
        rows: Table artifact.
        table: Its name, for messages.
        column: The column.
        folder: Where relative paths start.
        data: Folder or URI that `folder` itself is taken from where it is relative.
        options: The encoder, and the limits of a picture.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `vectors` (components.artifacts.PictureVectors) and `quarantine`.
    """

    SPEC_CLASS = PictureVectorsSpec
    EXECUTOR_SPEC = BeamExecutorSpec(PictureVectorsExecutor)

    def __init__(
        self,
        *,
        rows: BaseChannel,
        table: str,
        column: str,
        folder: str,
        data: Parameter,
        options: PictureOptions,
        source_digest: str,
    ) -> None:
        super().__init__(
            PictureVectorsSpec(
                rows=rows,
                table=table,
                column=column,
                folder=folder,
                data=data,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                vectors=Channel(type=artifacts.PictureVectors),
                quarantine=Channel(type=Quarantine),
            )
        )
