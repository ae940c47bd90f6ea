"""DataGate: a table's quarantine counts and anomalies become an approval or a failed run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx import types
from tfx.components.example_validator.executor import DEFAULT_FILE_NAME
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, component_spec, standard_artifacts

from components.artifacts import DataApproval, Quarantine
from components.errors import InputError
from components.parameters import Parameter, execution_parameters
from components.tables.drift.measures import Moved, Statistics, measure_drift
from components.tables.drift.options import DriftOptions
from components.tables.notes.constant_columns import note_constant_columns
from components.tables.notes.large_ids import note_large_ids
from components.tables.quarantine import (
    QuarantineCounts,
    quarantine_files,
    read_quarantine_counts,
)
from components.tables.refusals.bad_rows import describe_bad_rows
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import APPROVAL_FILE

_IGNORED_ANOMALIES = frozenset({anomalies_pb2.AnomalyInfo.SCHEMA_NEW_COLUMN})


def find_anomalies(anomalies: anomalies_pb2.Anomalies) -> list[str]:
    """Describes the anomalies that stop a run.

    A column that the schema does not know is none: it is there because the configuration names it. Warnings are
    none either.

    Args:
        anomalies: What ExampleValidator found in one split.

    Returns:
        A phrase for each column with an anomaly, such as "`price`: …", in the order of the columns' names.
    """
    found = []
    if anomalies.HasField("dataset_anomaly_info"):
        found += _describe("the table", anomalies.dataset_anomaly_info)
    for name in sorted(anomalies.anomaly_info):
        found += _describe(f"column `{name}`", anomalies.anomaly_info[name])
    if anomalies.data_missing:
        found.append("the table holds no row")
    return found


def _describe(subject: str, info: anomalies_pb2.AnomalyInfo) -> list[str]:
    if info.severity != anomalies_pb2.AnomalyInfo.ERROR:
        return []
    reasons = [reason.description for reason in info.reason if reason.type not in _IGNORED_ANOMALIES]
    return [f"{subject}: {' '.join(reasons)}"] if reasons else []


class DataGateExecutor(base_executor.BaseExecutor):
    """Judges one table."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component.

        Args:
            input_dict:
                - anomalies: `ExampleAnomalies` of ExampleValidator.
                - statistics: `ExampleStatistics` of StatisticsGen.
                - quarantine: `Quarantine` of TableExampleGen.
            output_dict:
                - approval: `DataApproval` with `approval.json`: table, rows, good, bad, bad_fraction,
                  max_bad_fraction, notes, drift (each measure of each column that the last run's table had too).
            exec_properties:
                - table: The table's name.
                - max_bad_fraction: Largest fraction of refused rows that lets the run go on.
                - telling_columns: JSON list of columns that are noted where they say the same in every row.
                - own_names: JSON of the names that the files have for columns of ids.
                - plain_user_ids: 1 where notes may show user ids, else 0.
                - earlier_statistics: URI of the statistics of the last run's table; empty where there was none.
                - drift_json: `DriftOptions`.
                - source_digest: Digest of the code; only a cache key.

        Raises:
            InputError: If too many rows were refused, a column has an anomaly, or it has changed by more than it may
                and the options say so; one message for all of it.
            RuntimeError: If the examples hold another number of rows than the quarantine's counts say.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        table = exec_properties["table"]
        limit = float(exec_properties["max_bad_fraction"])
        quarantine_uri = artifact_utils.get_single_uri(input_dict["quarantine"])
        counts = read_quarantine_counts(quarantine_uri)
        problems = []
        if counts.bad_fraction > limit:
            problems.append(_too_many_bad_rows(counts, limit, quarantine_uri))
        anomalies = artifact_utils.get_single_instance(input_dict["anomalies"])
        for split in artifact_utils.decode_split_names(anomalies.split_names):
            problems += find_anomalies(_read_anomalies(anomalies, split))
        options = DriftOptions.model_validate_json(exec_properties["drift_json"])
        statistics_artifact = artifact_utils.get_single_instance(input_dict["statistics"])
        statistics = _read_statistics(statistics_artifact)
        moved = _moved(exec_properties["earlier_statistics"], statistics_artifact, statistics, options)
        changed = [
            f"column `{each.column}` has changed since the last run: {each.what}" for each in moved if each.too_far
        ]
        if options.action == "stop" and changed:
            problems += [*changed, "if that is right, run once with `drift.action: warn`"]
        if problems:
            raise InputError(f"Table `{table}` is refused: {'; '.join(problems)}")
        _check_rows_kept(statistics, counts)
        notes = note_constant_columns(table, statistics, json.loads(exec_properties["telling_columns"]))
        if table == "events":
            names = json.loads(exec_properties["own_names"])
            notes += note_large_ids(statistics, names, plain_user_ids=bool(exec_properties["plain_user_ids"]))
        notes += [f"Table `{table}`: {each}." for each in changed]
        approval = {
            "table": table,
            "rows": counts.rows,
            "good": counts.good,
            "bad": dict(counts.bad),
            "bad_fraction": counts.bad_fraction,
            "max_bad_fraction": limit,
            "notes": notes,
            "drift": [{**each._asdict(), "too_far": each.too_far} for each in moved],
        }
        write_json(f"{artifact_utils.get_single_uri(output_dict['approval'])}/{APPROVAL_FILE}", approval)


def _moved(earlier_uri: str, artifact: types.Artifact, statistics: Statistics, options: DriftOptions) -> list[Moved]:
    """Compares the table with that of the last run; with nothing where there was none."""
    if not earlier_uri or options.action == "off":
        return []
    earlier = standard_artifacts.ExampleStatistics()
    earlier.uri, earlier.split_names = earlier_uri, artifact.split_names
    return measure_drift(_read_statistics(earlier), statistics, options)


def _too_many_bad_rows(counts: QuarantineCounts, limit: float, quarantine_uri: str) -> str:
    bad = sum(counts.bad.values())
    return (
        f"{bad:,} of {counts.rows:,} rows are bad ({counts.bad_fraction:.2%}, the limit is {limit:.2%}): "
        f"{counts.describe_bad()}.{describe_bad_rows(quarantine_uri, counts)} "
        f"The rows and their reasons are in {quarantine_files(quarantine_uri)}. "
        "Correct the table, or raise `max_bad_fraction`."
    )


def _read_anomalies(artifact: types.Artifact, split: str) -> anomalies_pb2.Anomalies:
    path = f"{artifact_utils.get_split_uri([artifact], split)}/{DEFAULT_FILE_NAME}"
    with fileio.open(path, "rb") as file:
        return anomalies_pb2.Anomalies.FromString(file.read())


def _read_statistics(artifact: types.Artifact) -> statistics_pb2.DatasetFeatureStatistics:
    (split,) = artifact_utils.decode_split_names(artifact.split_names)
    return stats_artifact_utils.load_statistics(artifact, split).proto().datasets[0]


def _check_rows_kept(statistics: statistics_pb2.DatasetFeatureStatistics, counts: QuarantineCounts) -> None:
    if statistics.num_examples != counts.good:
        raise RuntimeError(
            f"Expected the examples of table `{counts.table}` to hold the {counts.good:,} rows that were found good, "
            f"got {statistics.num_examples:,}. Remove the run's folder of this table and run again."
        )


class DataGateSpec(component_spec.ComponentSpec):
    """What DataGate takes and gives."""

    PARAMETERS = execution_parameters(
        table=str,
        max_bad_fraction=float,
        telling_columns=str,
        own_names=str,
        plain_user_ids=int,
        earlier_statistics=str,
        drift_json=str,
        source_digest=str,
    )
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "statistics": component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "quarantine": component_spec.ChannelParameter(type=Quarantine),
    }
    OUTPUTS = {"approval": component_spec.ChannelParameter(type=DataApproval)}


class DataGate(base_component.BaseComponent):
    """Lets a table through, or ends the run with one message."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DataGateExecutor)

    def __init__(
        self,
        *,
        anomalies: types.BaseChannel,
        statistics: types.BaseChannel,
        quarantine: types.BaseChannel,
        table: str,
        max_bad_fraction: float,
        telling_columns: Sequence[str],
        own_names: Mapping[str, Sequence[str]],
        plain_user_ids: bool,
        drift: DriftOptions,
        source_digest: str,
        earlier_statistics: Parameter = "",
    ) -> None:
        """Builds the component.

        Args:
            anomalies: ExampleValidator's output.
            statistics: StatisticsGen's output.
            quarantine: TableExampleGen's output.
            table: The table's name.
            max_bad_fraction: Largest fraction of refused rows that lets the run go on.
            telling_columns: Columns that are noted where they say the same in every row.
            own_names: The names that the files have for columns of ids.
            plain_user_ids: Whether notes may show user ids.
            drift: How much a column may change from the last run's table to this one's.
            source_digest: Digest of this component's source.
            earlier_statistics: URI of the statistics of the last run's table; empty where there was none.
        """
        super().__init__(
            DataGateSpec(
                anomalies=anomalies,
                statistics=statistics,
                quarantine=quarantine,
                table=table,
                max_bad_fraction=max_bad_fraction,
                telling_columns=json.dumps(list(telling_columns)),
                own_names=json.dumps(own_names),
                plain_user_ids=int(plain_user_ids),
                earlier_statistics=earlier_statistics,
                drift_json=drift.model_dump_json(),
                source_digest=source_digest,
                approval=types.Channel(type=DataApproval),
            )
        )
