"""ResponseExamples: impressions, and what users did before them, become examples."""

from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import Catalogue, Quarantine, TextVectors
from components.errors import InputError
from components.events.checks import check_events, check_has_events, quarantine_counts
from components.events.counts import EventCounts, read_event_counts
from components.events.options import EventOptions
from components.events.users_together import TablePaths
from components.optional_inputs import optional_uri
from components.output_folders import make_output_folders
from components.parameters import Parameter, execution_parameters
from components.response.examples.checks import check_impressions, check_shown, shown_counts
from components.response.examples.items import make_items
from components.response.examples.options import ResponseExamplesOptions
from components.response.examples.transform import MakeResponseExamples
from components.response.examples.treatments import check_treatments
from components.response.examples.writing import SPLITS, request_names
from components.tables.quarantine import write_quarantine_counts
from components.tables.read_back import column_has_values, input_files
from serving.response.features import ResponseFeatures
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE
from trainer.response.items import write_item_words, write_items

# Of so many current offers each user is asked about; those that end first where there are more.
_MOST_CURRENT = 50


class ResponseExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of ResponseExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, user_id_key=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "impressions": ChannelParameter(type=standard_artifacts.Examples),
        "offers": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "events": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "users": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "text_vectors": ChannelParameter(type=TextVectors, optional=True),
        "offer_vectors": ChannelParameter(type=TextVectors, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class ResponseExamplesExecutor(BaseBeamExecutor):
    """Joins the tables by item and by user in Beam, and computes the features by the code that is served."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the examples, the items, and what was refused.

        Time grows with the impressions times the length of a history. Memory grows with a bucket of some 100,000
        impressions or events, and with the offers and products, which each worker holds.

        Args:
            input_dict: `impressions`, and maybe `offers`, `events`, `products`, `users`: table artifacts, split `all`;
                `text_vectors` of the products, `offer_vectors` of the offers.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval, test and current, as
                `components.response.examples.writing.WriteResponseExamples` describes them; `catalogue`: the items, as
                `trainer.response.items` reads them, and counts; `quarantine`: refused impressions and events.
            exec_properties: `options_json`: ResponseExamplesOptions. `user_id_key`: key of the hash that stands for a
                user id in the quarantine, empty for plain ids. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to learn from or to test on.
        """
        options = ResponseExamplesOptions.model_validate_json(exec_properties["options_json"])
        events = EventOptions(
            event_types=options.event_types,
            max_unknown_product_fraction=options.max_unknown_product_fraction,
            user_id_key=exec_properties["user_id_key"] or None,
        )
        splits, folders = make_output_folders(output_dict, SPLITS)
        files = {name: input_files(input_dict, name) for name in self._tables}
        check_shown(files["impressions"], files["offers"])
        tables = TablePaths(files["events"], files["products"], files["users"])
        if tables.events:
            check_has_events(tables.events)
            if not column_has_values(tables.events, "timestamp"):
                raise InputError(
                    "Table `events` has no timestamps; the task response asks what came before an impression."
                )
        vectors, own = (optional_uri(input_dict, name) for name in ("text_vectors", "offer_vectors"))
        items, words = make_items(files["offers"], files["products"], files["impressions"], vectors, options, own)
        features = ResponseFeatures(items, options.event_types, options.outcomes)
        facts = {
            "outcomes": options.outcomes,
            "event_types": options.event_types,
            "bought_event_type": options.bought_event_type,
            "history_length": options.history_length,
            "shown_length": options.shown_length,
            "time_zone": options.time_zone,
            "clock": options.clock,
            "feature_names": [*features.number_names, *options.impression_numbers],
            **request_names(options),
        }
        write_items(folders["catalogue"], items, facts)
        write_item_words(folders["catalogue"], words)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeExamples" >> MakeResponseExamples(
                options,
                events,
                tables,
                files["impressions"],
                items.item_ids,
                examples=splits,
                **folders,
                most_current=_MOST_CURRENT if files["offers"] else 0,
            )
        counted = EventCounts()
        if tables.events:
            counted = read_event_counts(folders["catalogue"])
            check_events(counted, events, quarantine_uri=folders["quarantine"], product_paths=tables.products)
        made = read_json(f"{folders['catalogue']}/{EXAMPLE_COUNTS_FILE}")
        notes = check_impressions(made, options)
        examples = {split: made["counts"].get(split, 0) for split in SPLITS}
        counts = {"offers": len(items.item_ids), **shown_counts(made["counts"])}
        said = {"counts": counts, "moments": made["moments"], "examples": examples, "notes": notes}
        write_items(folders["catalogue"], items, {**facts, **said})
        if options.control is not None:
            written = get_single_instance(output_dict["examples"]).uri
            check_treatments(written, folders["catalogue"], options.control, options.seed)
        write_quarantine_counts(folders["quarantine"], quarantine_counts(counted, notes))

    _tables: ClassVar[tuple[str, ...]] = ("impressions", "offers", "events", "products", "users")


class ResponseExamples(BaseBeamComponent):
    """Turns impressions into examples, by `ResponseExamplesOptions`.

    Args:
        impressions: Table of impressions.
        options: How they become examples.
        user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        offers: Table of offers; without it, products are what is shown.
        events: Table of events; without it nothing is known of what users did.
        products: Table of products.
        users: Table of users, whose columns may be features.
        text_vectors: Vectors of the products' texts.
        offer_vectors: Vectors of the offers' texts, whole and without each word.

    Outputs `examples` (splits train, eval and test), `catalogue` and `quarantine`.
    """

    SPEC_CLASS = ResponseExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ResponseExamplesExecutor)

    def __init__(
        self,
        *,
        impressions: BaseChannel,
        options: ResponseExamplesOptions,
        user_id_key: Parameter,
        source_digest: str,
        offers: BaseChannel | None = None,
        events: BaseChannel | None = None,
        products: BaseChannel | None = None,
        users: BaseChannel | None = None,
        text_vectors: BaseChannel | None = None,
        offer_vectors: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            ResponseExamplesSpec(
                impressions=impressions,
                offers=offers,
                events=events,
                products=products,
                users=users,
                text_vectors=text_vectors,
                offer_vectors=offer_vectors,
                options_json=options.model_dump_json(),
                user_id_key=user_id_key,
                source_digest=source_digest,
                **{name: Channel(type=output.type) for name, output in ResponseExamplesSpec.OUTPUTS.items()},
            )
        )
