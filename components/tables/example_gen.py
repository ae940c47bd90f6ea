"""TableExampleGen: one table of the user becomes checked examples and a quarantine."""

import json
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from tfx import types
from tfx.dsl.components.base import base_beam_component, base_beam_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, component_spec, standard_artifacts

from components.artifacts import Quarantine
from components.errors import InputError
from components.parameters import Parameter, execution_parameters
from components.tables.bots.step import BOT_KEY, UNFOUNDED_KEY, LeaveOutBots, describe_bots
from components.tables.checks import RETURNED, CheckTable
from components.tables.contract import TABLES, TableContract, TableOptions
from components.tables.notes.dotted_ids import note_dotted_ids
from components.tables.quarantine import (
    QuarantineCounts,
    WriteQuarantine,
    quarantine_files,
    write_quarantine_counts,
)
from components.tables.read_back import bucket_count, column_has_values
from components.tables.refusals.bad_rows import describe_bad_rows
from components.tables.returns.cancel_step import LINES, ROWS, CancelPurchases
from components.tables.returns.order_counts import (
    CANCELLED_KEY,
    RETURN_KEY,
    baskets_cancel,
    describe_orders,
    guest_count,
)
from components.tables.returns.return_rows import RETURNS_SCHEMA
from components.tables.shaping.forgotten import ForgottenUsers, LeaveOutForgotten
from components.tables.shaping.notes import reading_notes, set_aside_rows
from components.tables.shaping.plan import TablePlan
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import ReadTable
from components.tables.shaping.tallies import BAD_KEY_PREFIX, GOOD_KEY, ROWS_KEY
from components.tables.sources import TableSource, sources_from_json, sources_to_json
from components.tables.unique.keep_first import BAD, COUNTS, GOOD
from components.tables.validation import examples_schema
from trainer.artifacts.names import PARQUET_SUFFIX, TABLE_PREFIX, TABLE_SPLIT, shards

_PAYLOAD_FORMAT = "FORMAT_PARQUET"
_FILE_FORMAT = "FILE_FORMAT_PARQUET"
_PARTIAL_COUNTS_FILE = "partial_counts.json"
_RETURNS_FOLDER = "returns"

_logger = logging.getLogger(__name__)


class WriteTableShards(beam.PTransform):
    """Writes record batches as Parquet shards, one row group a batch, complete files only.

    Args:
        folder: Where the shards go.
        schema: The examples' Arrow schema.
        prefix: What the shards' names begin with.
    """

    def __init__(self, folder: str, schema: pa.Schema, prefix: str = TABLE_PREFIX) -> None:
        super().__init__()
        self._path = f"{folder}/{prefix}"
        self._schema = schema

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Applies the transform to a PCollection of record batches; returns the paths of the files."""
        return (
            batches
            | "MakeTables" >> beam.Map(_as_table)
            | "WriteShards"
            >> beam.io.WriteToParquetBatched(
                self._path, schema=self._schema, codec="snappy", file_name_suffix=PARQUET_SUFFIX
            )
        )


def _as_table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def _write_partial_counts(counts: Counter[str], uri: str) -> None:
    with fileio.open(f"{uri}/{_PARTIAL_COUNTS_FILE}", "w") as file:
        file.write(json.dumps(counts))


def _take_partial_counts(uri: str) -> Counter[str]:
    path = f"{uri}/{_PARTIAL_COUNTS_FILE}"
    with fileio.open(path, "r") as file:
        counts: Counter[str] = Counter(json.loads(file.read()))
    fileio.remove(path)
    return counts


def _quarantine_counts(
    contract: TableContract, plan: TablePlan, counts: Counter[str], user_id_key: str | None
) -> QuarantineCounts:
    bad = {key.removeprefix(BAD_KEY_PREFIX): count for key, count in counts.items() if key.startswith(BAD_KEY_PREFIX)}
    return QuarantineCounts(
        table=contract.name,
        rows=counts[ROWS_KEY],
        good=counts[GOOD_KEY],
        bad=bad,
        set_aside=set_aside_rows(counts),
        notes=(
            *reading_notes(contract, plan, counts, user_id_key),
            *describe_orders(counts),
            *describe_bots(counts),
            *note_dotted_ids(counts, plain_user_ids=user_id_key is None),
        ),
    )


class TableExampleGenExecutor(base_beam_executor.BaseBeamExecutor):
    """Reads, checks and writes one table."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component.

        Args:
            input_dict: Empty.
            output_dict:
                - examples: `Examples` with one split, `all`, of Parquet shards `data-*.parquet` whose columns are
                  all those of the contract, then the extra ones; rows are in no particular order.
                - quarantine: `Quarantine` with `quarantine-*.jsonl`, of bad rows, and of returns and what they
                  cancel (other rows that are set aside are only counted), and `counts.json`, which is written last.
            exec_properties:
                - table: The table's name.
                - sources: JSON of the table's `TableSource`s.
                - data: Folder or URI that relative paths are taken from; may be empty.
                - digest: Digest of the content; only a cache key.
                - user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
                - forgotten: Where the list of users who are left out lies, and a digest of it, as JSON; empty for none.
                - options_json: `TableOptions` as JSON.
                - source_digest: Digest of the code; only a cache key.

        Raises:
            InputError: If files, columns or a whole file are wrong, the table is empty, or no row of it is good.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        contract = TABLES[exec_properties["table"]]
        options = TableOptions.model_validate_json(exec_properties["options_json"])
        sources = [each.at(exec_properties["data"]) for each in sources_from_json(exec_properties["sources"])]
        plan = plan_table(contract, options, sources)

        examples = artifact_utils.get_single_instance(output_dict["examples"])
        examples.split_names = artifact_utils.encode_split_names([TABLE_SPLIT])
        examples.set_string_custom_property("payload_format", _PAYLOAD_FORMAT)
        examples.set_string_custom_property("file_format", _FILE_FORMAT)
        examples_folder = artifact_utils.get_split_uri([examples], TABLE_SPLIT)
        quarantine_uri = artifact_utils.get_single_uri(output_dict["quarantine"])
        fileio.makedirs(quarantine_uri)
        user_id_key = exec_properties["user_id_key"] or None
        schema = examples_schema(plan.columns)
        forgotten = ForgottenUsers.read(exec_properties["forgotten"]) if exec_properties["forgotten"] else None

        with self._make_beam_pipeline() as pipeline:
            rows = pipeline | "ReadTable" >> ReadTable(plan)
            if forgotten is not None:
                rows |= "LeaveOutForgotten" >> LeaveOutForgotten(forgotten)
            checked = (
                rows
                # The present is taken once a run: all workers judge by the same one.
                | "CheckTable"
                >> CheckTable(
                    contract,
                    options,
                    user_id_key=user_id_key,
                    now_seconds=time.time(),
                    merged=[place for place, source in enumerate(sources) if source.repeats == "merged"],
                )
            )
            _ = checked[GOOD] | "WriteExamples" >> WriteTableShards(examples_folder, schema)
            _ = checked[BAD] | "WriteQuarantine" >> WriteQuarantine(quarantine_uri)
            _ = checked[COUNTS] | "WriteCounts" >> beam.Map(_write_partial_counts, uri=quarantine_uri)
            if contract.returns:
                _ = checked[RETURNED] | "WriteReturns" >> WriteTableShards(
                    f"{quarantine_uri}/{_RETURNS_FOLDER}", RETURNS_SCHEMA
                )

        counted = _take_partial_counts(quarantine_uri)
        if counted[RETURN_KEY] or baskets_cancel(counted):
            step = CancelPurchases(
                shards(examples_folder, TABLE_PREFIX),
                shards(f"{quarantine_uri}/{_RETURNS_FOLDER}", TABLE_PREFIX),
                buckets=bucket_count(counted[GOOD_KEY]),
                bought_event_types=options.bought_event_types,
                baskets_cancel=baskets_cancel(counted),
                user_id_key=user_id_key,
            )
            changed = self._write_again("CancelPurchases", step, examples_folder, schema, quarantine_uri)
            changed[GOOD_KEY] = -changed[RETURN_KEY] - changed[CANCELLED_KEY]
            counted.update(changed)
        if contract.returns:
            fileio.rmtree(f"{quarantine_uri}/{_RETURNS_FOLDER}")
        if options.bots is not None and counted[GOOD_KEY]:
            good = shards(examples_folder, TABLE_PREFIX)
            if not column_has_values(fileio.glob(good), "timestamp"):
                raise InputError(
                    f"Table `{contract.name}` has no timestamps, by which bots are told; leave `bots` out."
                )
            bots = LeaveOutBots(good, buckets=bucket_count(counted[GOOD_KEY]), options=options.bots)
            changed = self._write_again("LeaveOutBots", bots, examples_folder, schema, quarantine_uri)
            changed[GOOD_KEY] = -changed[BOT_KEY] - changed[UNFOUNDED_KEY]
            counted.update(changed)
        counts = _quarantine_counts(contract, plan, counted, user_id_key)
        if counts.rows == 0:
            raise InputError(f"Table `{contract.name}` is empty: `{sources[0].path}` holds no row.")
        write_quarantine_counts(quarantine_uri, counts)
        if counts.good == 0:
            raise InputError(
                f"Table `{contract.name}`: none of its {counts.rows:,} rows is usable: {counts.describe_unused()}."
                f"{describe_bad_rows(quarantine_uri, counts)} "
                f"The rows and their reasons are in {quarantine_files(quarantine_uri)}; correct the table."
            )
        if guest_count(counted) == counts.good:
            raise InputError(
                f"Table `{contract.name}`: none of its {counts.good:,} good rows has a user_id. Tasks learn from "
                "users; `guests: baskets` is for a table with users and guests. Name their column under `columns`."
            )
        _logger.info("Table %s: %d rows, %d good.", contract.name, counts.rows, counts.good)

    def _write_again(
        self, name: str, step: beam.PTransform, examples_folder: str, schema: pa.Schema, quarantine_uri: str
    ) -> Counter[str]:
        """Puts what a transform leaves of the good rows in their place; returns what it counted."""
        before = fileio.glob(shards(examples_folder, TABLE_PREFIX))
        with self._make_beam_pipeline() as pipeline:
            left = pipeline | name >> step
            _ = left[ROWS] | "WriteExamples" >> WriteTableShards(examples_folder, schema, f"{TABLE_PREFIX}-{name}")
            if LINES in left:
                _ = left[LINES] | "WriteQuarantine" >> WriteQuarantine(quarantine_uri, "cancelled")
            _ = left[COUNTS] | "WriteCounts" >> beam.Map(_write_partial_counts, uri=quarantine_uri)
        for path in before:
            fileio.remove(path)
        return _take_partial_counts(quarantine_uri)


class TableExampleGenSpec(component_spec.ComponentSpec):
    """What TableExampleGen takes and gives."""

    PARAMETERS = execution_parameters(
        table=str,
        sources=str,
        data=str,
        user_id_key=str,
        forgotten=str,
        digest=str,
        options_json=str,
        source_digest=str,
    )
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "quarantine": component_spec.ChannelParameter(type=Quarantine),
    }


class TableExampleGen(base_beam_component.BaseBeamComponent):
    """Turns one table into examples and a quarantine."""

    SPEC_CLASS = TableExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(TableExampleGenExecutor)

    def __init__(
        self,
        *,
        table: str,
        sources: Sequence[TableSource],
        data: Parameter,
        digest: Parameter,
        user_id_key: Parameter,
        options: TableOptions,
        source_digest: str,
        forgotten: Parameter = "",
    ) -> None:
        """Builds the component.

        Args:
            table: The table's name.
            sources: Where the table's files lie, and how they are written.
            data: Folder or URI that relative paths are taken from; may be empty.
            digest: Digest of the files' content: the same digest means the same rows, wherever they lie.
            user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
            options: What the configuration says about the table.
            source_digest: Digest of this component's source.
            forgotten: The list of users who are left out, as `ForgottenUsers.read` takes it; empty for none.
        """
        if table not in TABLES:
            raise InputError(f"Expected a table out of {', '.join(TABLES)}, got `{table}`.")
        super().__init__(
            TableExampleGenSpec(
                table=table,
                sources=sources_to_json(sources),
                data=data,
                digest=digest,
                user_id_key=user_id_key,
                forgotten=forgotten,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=types.Channel(type=standard_artifacts.Examples),
                quarantine=types.Channel(type=Quarantine),
            )
        )
