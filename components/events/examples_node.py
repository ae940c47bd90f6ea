"""What nodes that make examples of events, products and users have in common."""

from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec

from components.artifacts import Catalogue, Quarantine
from components.parameters import IntParameter, Parameter, execution_parameters
from trainer.options import Options


class EventExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of a node that makes examples of events."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, user_id_key=str, earlier_catalogue=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "users": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class EventExamples(BaseBeamComponent):
    """Base of such nodes; a node names its spec, its executor and its kind of options.

    Args:
        events: Table of events.
        options: How they become examples.
        user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        products: Table of products; without it the products are the ids in events.
        users: Table of users, whose columns become attributes of examples.
        earlier_catalogue: URI of the catalogue of the run that an update starts from; empty in a run.
        own: Further parameters of the node's own spec.
    """

    SPEC_CLASS: ClassVar[type[EventExamplesSpec]] = EventExamplesSpec

    def __init__(
        self,
        *,
        events: BaseChannel,
        options: Options,
        user_id_key: Parameter,
        source_digest: str,
        products: BaseChannel | None = None,
        users: BaseChannel | None = None,
        earlier_catalogue: Parameter = "",
        **own: Parameter | IntParameter,
    ) -> None:
        super().__init__(
            self.SPEC_CLASS(
                events=events,
                products=products,
                users=users,
                options_json=options.model_dump_json(),
                user_id_key=user_id_key,
                earlier_catalogue=earlier_catalogue,
                source_digest=source_digest,
                **own,
                **{name: Channel(type=output.type) for name, output in self.SPEC_CLASS.OUTPUTS.items()},
            )
        )
