"""RecommendationExamples: events, products and users become a catalogue and examples for recommendation."""

from typing import Any

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types.artifact import Artifact
from typing_extensions import override

from components.errors import InputError
from components.events.checks import check_events, quarantine_counts
from components.events.examples_node import EventExamples, EventExamplesSpec
from components.events.join_notes import note_products, note_users
from components.events.users_together import TablePaths
from components.output_folders import make_output_folders
from components.products.catalogue import write_catalogue_facts
from components.recommendation.examples.catalogue import catalogue_facts
from components.recommendation.examples.checks import check_examples, choose_time_column
from components.recommendation.examples.counts import read_counted
from components.recommendation.examples.example_steps import SPLITS
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.transform import MakeRecommendationExamples
from components.tables.quarantine import write_quarantine_counts
from trainer.artifacts.catalogue import load_catalogue_facts


class RecommendationExamplesSpec(EventExamplesSpec):
    """Inputs, outputs and parameters of RecommendationExamples."""


class RecommendationExamplesExecutor(BaseBeamExecutor):
    """Joins the tables by user in Beam and cuts histories into examples."""

    @override
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
            exec_properties: `options_json`: RecommendationExamplesOptions. `user_id_key`: key of the hash that stands
                for a user id in the quarantine, empty for plain ids. `earlier_catalogue`: the catalogue of the run
                that an update starts from, and then the split train has only windows with something that is new since,
                and a share of the others; empty in a run. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to train or to evaluate on, or too many events of unknown
                products, or events that cannot be ordered or weighed.
        """
        options = RecommendationExamplesOptions.model_validate_json(exec_properties["options_json"])
        events = options.event_options(exec_properties["user_id_key"] or None)
        learned_until = _learned_until(exec_properties["earlier_catalogue"])
        splits, folders = make_output_folders(output_dict, SPLITS)
        tables = TablePaths.of(input_dict)
        time_column = choose_time_column(tables.events, options.split)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeExamples" >> MakeRecommendationExamples(
                options,
                events,
                tables,
                time_column=time_column,
                examples=splits,
                learned_until=learned_until,
                **folders,
            )
        counted = read_counted(folders["catalogue"])
        check_events(counted.events, events, quarantine_uri=folders["quarantine"], product_paths=tables.products)
        check_examples(counted, options, learned_until)
        facts = catalogue_facts(counted, options, has_timestamps=time_column == "timestamp")
        write_catalogue_facts(folders["catalogue"], facts)
        notes = [
            *note_users(counted.events, tables, plain_user_ids=events.user_id_key is None),
            *note_products(counted.examples.products_without_events, counted.examples.known_products, tables),
        ]
        write_quarantine_counts(folders["quarantine"], quarantine_counts(counted.events, notes))


def _learned_until(earlier_catalogue: str) -> int | None:
    """Returns the moment up to which the towers of an earlier run have learned; None where there is none.

    Raises:
        InputError: Its events had no time.
    """
    if not earlier_catalogue:
        return None
    moment: int | None = load_catalogue_facts(earlier_catalogue)["validation_start"]
    if moment is None:
        raise InputError(
            "An update learns from what is new, which only times tell, and `split` is leave_last_out. Use `shelfwise "
            "run`, or split by time."
        )
    return moment


class RecommendationExamples(EventExamples):
    """Turns the tables into examples for recommendation, by `RecommendationExamplesOptions`.

    `outputs` has `examples` (splits train, eval, ranker and test), `catalogue` (which product has which index) and
    `quarantine` (events of products that the products table lacks).
    """

    SPEC_CLASS = RecommendationExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(RecommendationExamplesExecutor)
