"""SegmentationExamples: events, products and users become histories with segments."""

import json
import logging
from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils
from typing_extensions import override

from components.artifacts import Catalogue, Labels, Quarantine
from components.errors import InputError
from components.events.counts import EventCounts, read_counts
from components.parameters import Parameter
from components.recommendation.examples.checks import check_events
from components.recommendation.examples.transform import TablePaths
from components.segmentation.examples.moments import segment_definitions
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.steps import SEGMENT, SPLITS
from components.segmentation.examples.transform import (
    EXAMPLE_COUNTS_FILE,
    MakeSegmentExamples,
    SegmentUris,
    event_options,
)
from components.tables.read_back import column_has_values, table_files, table_rows
from serving.graph.units import DAY_SECONDS
from trainer.classification.examples import LABELS_FILE


class SegmentationExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of SegmentationExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "options_json": ExecutionParameter(type=str),
        "user_id_key": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "users": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "labels": ChannelParameter(type=Labels),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class SegmentationExamplesExecutor(BaseBeamExecutor):
    """Joins the tables by user in Beam and looks at each user at several moments."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the examples, the products, the labels and the events of unknown products.

        Events are cut by a hash of the user into buckets of some 100,000, and a bucket is handled in memory: time grows
        in proportion to the events times the moments, memory with the bucket and the products table, which one worker
        holds whole.

        Args:
            input_dict: `events`, and maybe `products` and `users`: table artifacts, split `all`, Parquet.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval, test and current, as
                `components.segmentation.examples.steps.WriteSegmentExamples` describes them; `catalogue`:
                `catalogue.parquet` as `components.segmentation.examples.products.describe_products` has it, and
                `catalogue.json` with the event types; `labels`: `labels.json`; `quarantine`: events of unknown
                products.
            exec_properties: `options_json`: SegmentationExamplesOptions. `user_id_key`: key of the hash that stands for
                a user id in the quarantine, empty for plain ids. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to learn from or to test on.
        """
        options = SegmentationExamplesOptions.model_validate_json(exec_properties["options_json"])
        options = options.model_copy(update={"user_id_key": exec_properties["user_id_key"] or None})
        examples = get_single_instance(output_dict["examples"])
        examples.split_names = json.dumps(SPLITS)
        uris = {name: get_single_instance(output_dict[name]).uri for name in ("catalogue", "labels", "quarantine")}
        for uri in uris.values():
            fileio.makedirs(uri)
        tables = TablePaths(*(_files(input_dict, name) for name in TablePaths._fields))
        given = _segments_are_given(tables, options)
        _check_columns(tables, given=given)
        folders = SegmentUris(examples={split: get_split_uri([examples], split) for split in SPLITS}, **uris)
        for folder in folders.examples.values():
            fileio.makedirs(folder)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeSegmentExamples" >> MakeSegmentExamples(options, tables, folders, given=given)
        events, _ = read_counts(folders.labels)
        check_events(events, event_options(options))
        made = _read_json(f"{folders.labels}/{EXAMPLE_COUNTS_FILE}")
        _check(made, options)
        if made["counts"].get("left_out"):
            logging.warning(
                "%d users are left out: their segments have fewer than %d training users.",
                made["counts"]["left_out"],
                options.segments.min_label_users,
            )
        _write_json(_facts(made, events, options), f"{folders.labels}/{LABELS_FILE}")
        _write_json(
            {"event_types": options.event_types, "bought_event_type": options.bought_event_type},
            f"{folders.catalogue}/catalogue.json",
        )
        bad = {"unknown_product": events.unknown_product_events} if events.unknown_product_events else {}
        good = events.events - events.unknown_product_events
        _write_json(
            {"table": "events", "rows": events.events, "good": good, "bad": bad}, f"{uris['quarantine']}/counts.json"
        )


class SegmentationExamples(BaseBeamComponent):
    """Turns the tables into histories with segments.

    Args:
        events: Table of events.
        options: What a segment is, and what a history holds.
        user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        products: Table of products; without it the products are the ids in events.
        users: Table of users, with segments or with attributes to slice the evaluation by.

    Outputs `examples` (splits train, eval, test and current), `catalogue`, `labels` and `quarantine`.
    """

    SPEC_CLASS = SegmentationExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SegmentationExamplesExecutor)

    def __init__(
        self,
        *,
        events: BaseChannel,
        options: SegmentationExamplesOptions,
        user_id_key: Parameter,
        source_digest: str,
        products: BaseChannel | None = None,
        users: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            SegmentationExamplesSpec(
                events=events,
                products=products,
                users=users,
                options_json=options.model_dump_json(exclude={"user_id_key"}),
                user_id_key=user_id_key,
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
                labels=Channel(type=Labels),
                quarantine=Channel(type=Quarantine),
            )
        )


def _files(input_dict: dict[str, list[Artifact]], name: str) -> list[str]:
    return [path for artifact in input_dict.get(name, []) for path in table_files(artifact)]


def _segments_are_given(tables: TablePaths, options: SegmentationExamplesOptions) -> bool:
    if options.segments.labels == "spend":
        return False
    given = bool(tables.users) and column_has_values(tables.users, SEGMENT)
    if options.segments.labels == "given" and not given:
        raise InputError(
            "Table `users` has no segments, which `tasks.segmentation.segments.labels: given` needs. Give it a column "
            "`segment`, or set `labels: spend`."
        )
    return given


def _check_columns(tables: TablePaths, *, given: bool) -> None:
    if not table_rows(tables.events):
        raise InputError("Table `events` has no good row; expected events to learn from. See the quarantine.")
    if not column_has_values(tables.events, "timestamp"):
        raise InputError(
            "Table `events` has no timestamps, which segmentation needs: it asks how long ago an event was."
        )
    if not given and not column_has_values(tables.events, "price"):
        raise InputError(
            "Table `events` has no prices, which tiers of spend are made of. Give it a column `price`, or the users "
            "table a column `segment`."
        )


def _check(made: dict[str, Any], options: SegmentationExamplesOptions) -> None:
    """Checks that there are two labels to tell apart, and examples in every split."""
    counts, segments = made["counts"], options.segments
    if not made["given"] and not made["moments"]["train"]:
        days = (made["moments"]["test"] - made["moments"]["end"]) / DAY_SECONDS
        raise InputError(
            f"The events cover too short a time for segmentation: the test is {-days:.0f} days before their end, and "
            f"before it {2 * segments.period_days + segments.gap_days:.0f} days are needed. Set a shorter "
            "`tasks.segmentation.segments.period_days`, or an earlier `test_start` with enough events before it."
        )
    learned = [name for name in made["labels"] if counts.get(f"train: {name}", 0)]
    if len(learned) < 2:
        shown = f": {learned[0]!r} with {counts[f'train: {learned[0]}']:,} users" if learned else ""
        raise InputError(
            f"Segmentation should have two segments or more to tell apart among its training users; it has "
            f"{len(learned)}{shown}. Give users of other segments, or mend `tasks.segmentation.segments`."
        )
    for split, use in (("train", "train on"), ("eval", "validate on"), ("test", "test on")):
        if not counts.get(split, 0):
            raise InputError(
                f"Segmentation has no user to {use}. Give more users, or mend `tasks.segmentation.segments`."
            )


def _facts(made: dict[str, Any], events: EventCounts, options: SegmentationExamplesOptions) -> dict[str, Any]:
    counts = made["counts"]
    defined = {} if made["given"] else {"segment_definitions": segment_definitions(made["labels"], made["cuts"])}
    by_label = {
        name: {split: counts.get(f"{split}: {name}", 0) for split in ("train", "eval", "test")}
        for name in made["labels"]
    }
    return {
        "labels": made["labels"],
        "cuts": made["cuts"],
        **defined,
        "given": made["given"],
        "active_seconds": options.segments.active_seconds,
        "moments": made["moments"],
        "counts": {
            "events": events.events,
            "users": counts["users"],
            "labels": len(made["labels"]),
            **({"left_out": counts["left_out"]} if counts.get("left_out") else {}),
        },
        "by_label": by_label,
        "examples": {split: counts.get(split, 0) for split in SPLITS},
    }


def _write_json(values: Any, path: str) -> None:
    io_utils.write_string_file(path, json.dumps(values, indent=1, ensure_ascii=False))


def _read_json(path: str) -> Any:
    with fileio.open(path, "r") as file:
        return json.loads(file.read())
