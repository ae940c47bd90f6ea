"""TaskExamples: events, products and users become a catalogue and examples for recommendation."""

import json
from typing import Any

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Catalogue, Quarantine
from components.events.counts import EventCounts, read_counts
from components.parameters import Parameter
from components.products.catalogue import write_description
from components.recommendation.examples.checks import check_events, check_examples, choose_time_column, describe
from components.recommendation.examples.options import TaskExamplesOptions
from components.recommendation.examples.transform import MakeTaskExamples, OutputUris, TablePaths
from components.tables.read_back import table_files

SPLITS = ("train", "eval", "ranker", "test")


class TaskExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of TaskExamples."""

    PARAMETERS = {
        "options_json": ExecutionParameter(type=str),
        "user_id_key": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "users": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class TaskExamplesExecutor(BaseBeamExecutor):
    """Joins the tables by user in Beam and cuts histories into examples."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the catalogue, the examples and the events of unknown products.

        Events are cut by a hash of the user into buckets of some 100,000, and a bucket is handled in memory:
        time grows in proportion to the events, memory with the bucket (or with one user's events, if those
        are more) plus the products table, which one worker holds whole.

        Args:
            input_dict: `events`, and maybe `products` and `users`: table artifacts, split `all`, Parquet.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train (windows), eval,
                ranker and test (one user each); `catalogue`; `quarantine`: events of unknown products.
            exec_properties: `options_json`: TaskExamplesOptions. `user_id_key`: key of the hash that stands for a user
                id in the quarantine, empty for plain ids. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to train or to evaluate on, or too many events of unknown
                products, or events that cannot be ordered or weighed.
        """
        options = TaskExamplesOptions.model_validate_json(exec_properties["options_json"])
        options = options.model_copy(update={"user_id_key": exec_properties["user_id_key"] or None})
        examples = get_single_instance(output_dict["examples"])
        examples.split_names = json.dumps(SPLITS)
        catalogue_uri = get_single_instance(output_dict["catalogue"]).uri
        quarantine_uri = get_single_instance(output_dict["quarantine"]).uri
        for uri in (catalogue_uri, quarantine_uri):
            fileio.makedirs(uri)
        tables = TablePaths(*(_files(input_dict, name) for name in TablePaths._fields))
        time_column = choose_time_column(tables.events, options)
        uris = OutputUris(
            examples={split: get_split_uri([examples], split) for split in SPLITS},
            catalogue=catalogue_uri,
            quarantine=quarantine_uri,
        )
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeTaskExamples" >> MakeTaskExamples(options, tables, uris, time_column)

        counts, split = read_counts(catalogue_uri)
        check_events(counts, options)
        check_examples(counts, split, options)
        write_description(catalogue_uri, describe(counts, split, options, has_timestamps=time_column == "timestamp"))
        _write_quarantine_counts(quarantine_uri, counts)


class TaskExamples(BaseBeamComponent):
    """Turns the tables into examples for recommendation.

    `outputs` has `examples` (splits train, eval, ranker and test), `catalogue` (which product has which index) and
    `quarantine` (events of products that the products table lacks).
    """

    SPEC_CLASS = TaskExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(TaskExamplesExecutor)

    def __init__(
        self,
        events: BaseChannel,
        options: TaskExamplesOptions,
        user_id_key: Parameter,
        source_digest: str,
        products: BaseChannel | None = None,
        users: BaseChannel | None = None,
    ) -> None:
        """Makes the node.

        Args:
            events: Table of events.
            options: How they become examples.
            user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
            source_digest: Digest of this component's code.
            products: Table of products; without it the catalogue is the ids in events.
            users: Table of users, whose columns become attributes of evaluation examples.
        """
        super().__init__(
            spec=TaskExamplesSpec(
                events=events,
                products=products,
                users=users,
                options_json=options.model_dump_json(exclude={"user_id_key"}),
                user_id_key=user_id_key,
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
                quarantine=Channel(type=Quarantine),
            )
        )


def _files(input_dict: dict[str, list[Artifact]], name: str) -> list[str]:
    return [path for artifact in input_dict.get(name, []) for path in table_files(artifact)]


def _write_quarantine_counts(uri: str, counts: EventCounts) -> None:
    bad = {"unknown_product": counts.unknown_product_events} if counts.unknown_product_events else {}
    good = counts.events - counts.unknown_product_events
    with fileio.open(f"{uri}/counts.json", "w") as file:
        file.write(json.dumps({"table": "events", "rows": counts.events, "good": good, "bad": bad}))
