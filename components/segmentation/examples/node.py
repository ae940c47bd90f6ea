"""SegmentationExamples: events, products and users become histories with segments."""

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter
from typing_extensions import override

from components.artifacts import Labels
from components.errors import InputError
from components.events.checks import check_events, check_has_events, quarantine_counts
from components.events.counts import EventCounts, read_event_counts
from components.events.examples_node import EventExamples, EventExamplesSpec
from components.events.join_notes import missed_users, note_users
from components.events.users_together import TablePaths
from components.output_folders import make_output_folders
from components.parameters import execution_parameters
from components.products.catalogue import write_catalogue_facts
from components.segmentation.discovery.discovered_segments import FACTS_FILE
from components.segmentation.examples.moments import segment_definitions
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.segment_notes import note_segments
from components.segmentation.examples.steps import SEGMENT, SPLITS
from components.segmentation.examples.transform import MakeSegmentExamples
from components.tables.quarantine import write_quarantine_counts
from components.tables.read_back import column_has_values
from serving.graph.time_units import DAY_SECONDS
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE, LABELS_FILE


class SegmentationExamplesSpec(EventExamplesSpec):
    """Inputs, outputs and parameters of SegmentationExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        **EventExamplesSpec.PARAMETERS,
        **execution_parameters(seed=int, earlier_labels=str),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {**EventExamplesSpec.OUTPUTS, "labels": ChannelParameter(type=Labels)}


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
                a table with `components.segmentation.examples.products.SEGMENTATION_CATALOGUE_SCHEMA`, and the event
                types as facts; `labels`: `labels.json`; `quarantine`: events of unknown
                products.
            exec_properties: `options_json`: SegmentationExamplesOptions. `user_id_key`: key of the hash that stands for
                a user id in the quarantine, empty for plain ids. `seed`: of the discovery of segments.
                `earlier_labels`: what the last run put out as labels, empty for none. `source_digest` only keys the
                cache.

        Raises:
            InputError: The tables hold nothing to learn from or to test on.
        """
        options = SegmentationExamplesOptions.model_validate_json(exec_properties["options_json"])
        event_options = options.event_options(exec_properties["user_id_key"] or None)
        splits, folders = make_output_folders(output_dict, SPLITS)
        tables = TablePaths.of(input_dict)
        given = _segments_are_given(tables, options)
        _check_columns(tables, needs_prices=not given and options.segments.labels != "discovered")
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeExamples" >> MakeSegmentExamples(
                options,
                event_options,
                tables,
                given=given,
                examples=splits,
                **folders,
                seed=exec_properties.get("seed") or 0,
                earlier_labels=exec_properties.get("earlier_labels") or "",
            )
        events = read_event_counts(folders["labels"])
        check_events(events, event_options, quarantine_uri=folders["quarantine"], product_paths=tables.products)
        notes = note_users(events, tables, plain_user_ids=event_options.user_id_key is None)
        made = read_json(f"{folders['labels']}/{EXAMPLE_COUNTS_FILE}")
        _check(made, options, notes)
        if made["counts"].get("left_out"):
            logging.warning(
                "%d users are left out: their segments have fewer than %d training users.",
                made["counts"]["left_out"],
                options.segments.min_label_users,
            )
        facts = _facts(made, events, options)
        if options.segments.labels == "discovered":
            facts["discovery"] = read_json(f"{folders['labels']}/{FACTS_FILE}")
        write_json(f"{folders['labels']}/{LABELS_FILE}", facts)
        write_catalogue_facts(
            folders["catalogue"],
            {"event_types": options.event_types, "bought_event_type": options.bought_event_type},
        )
        write_quarantine_counts(folders["quarantine"], quarantine_counts(events, notes))


class SegmentationExamples(EventExamples):
    """Turns the tables into histories with segments, by `SegmentationExamplesOptions`.

    The table of users has segments, or attributes to slice the evaluation by. `outputs` has `examples` (splits train,
    eval, test and current), `catalogue`, `labels` and `quarantine`. Its own parameters are `seed` and `earlier_labels`,
    the URI of the labels of the last run, whose discovered segments these go on from.
    """

    SPEC_CLASS = SegmentationExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SegmentationExamplesExecutor)


def _segments_are_given(tables: TablePaths, options: SegmentationExamplesOptions) -> bool:
    if options.segments.labels in {"spend", "discovered"}:
        return False
    given = bool(tables.users) and column_has_values(tables.users, SEGMENT)
    if options.segments.labels == "given" and not given:
        raise InputError(
            "Table `users` has no segments, which `tasks.segmentation.segments.labels: given` needs. Give it a column "
            "`segment`, or set `labels: spend`."
        )
    return given


def _check_columns(tables: TablePaths, *, needs_prices: bool) -> None:
    check_has_events(tables.events)
    if not column_has_values(tables.events, "timestamp"):
        raise InputError(
            "Table `events` has no timestamps, which segmentation needs: it asks how long ago an event was."
        )
    if needs_prices and not column_has_values(tables.events, "price"):
        raise InputError(
            "Table `events` has no prices, which tiers of spend are made of. Give it a column `price`, or the users "
            "table a column `segment`."
        )


def _check(made: dict[str, Any], options: SegmentationExamplesOptions, notes: Sequence[str]) -> None:
    """Checks that there are two labels to tell apart, and examples in every split; `notes` may say why not."""
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
        why = "".join(f"{note} " for note in notes) if made["given"] else ""
        shown = f": {learned[0]!r} with {counts[f'train: {learned[0]}']:,} users" if learned else ""
        raise InputError(
            f"Segmentation should have two segments or more to tell apart among its training users; it has "
            f"{len(learned)}{shown}. {why}Give users of other segments, or mend `tasks.segmentation.segments`."
        )
    for split, use in (("train", "train on"), ("eval", "validate on"), ("test", "test on")):
        if not counts.get(split, 0):
            raise InputError(
                f"Segmentation has no user to {use}. Give more users, or mend `tasks.segmentation.segments`."
            )


def _facts(made: dict[str, Any], events: EventCounts, options: SegmentationExamplesOptions) -> dict[str, Any]:
    counts = made["counts"]
    definitions = [] if made["given"] else segment_definitions(made["labels"], made["cuts"])
    by_label = {
        name: {split: counts.get(f"{split}: {name}", 0) for split in ("train", "eval", "test")}
        for name in made["labels"]
    }
    return {
        "labels": made["labels"],
        "cuts": made["cuts"],
        **({"segment_definitions": definitions} if definitions else {}),
        "given": made["given"],
        "active_seconds": options.segments.active_seconds,
        "period_days": options.segments.period_days,
        "moments": made["moments"],
        "counts": {
            "events": events.events,
            "users": counts["users"],
            "labels": len(made["labels"]),
            **missed_users(events),
            **{name: counts[name] for name in ("left_out", "without_segment") if counts.get(name)},
        },
        "notes": note_segments(made, definitions),
        "by_label": by_label,
        "examples": {split: counts.get(split, 0) for split in SPLITS},
    }
