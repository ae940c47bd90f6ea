"""UserProfiles: what each user is like, and the chance to buy in each category."""

from typing import Any, ClassVar

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

from components.artifacts import UserProfileRows
from components.events.users_together import TablePaths
from components.parameters import Parameter, execution_parameters
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.profiles.options import ProfileOptions
from components.segmentation.profiles.transform import MakeUserProfiles


class UserProfilesSpec(ComponentSpec):
    """Inputs, outputs and parameters of UserProfiles."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, profiles_json=str, user_id_key=str, seed=int, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "products": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"profiles": ChannelParameter(type=UserProfileRows)}


class UserProfilesExecutor(BaseBeamExecutor):
    """Profiles all users in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `profiles-*.parquet`, a row of each user who ever bought something, and `chances.json`.

        Users are cut into buckets as elsewhere; chances are learned on one worker from a sample that the options bound.

        Args:
            input_dict: `events` and `products`: table artifacts, split `all`, Parquet.
            output_dict: `profiles`: rows with `components.segmentation.profiles.user_rows.PROFILES_SCHEMA`, and what is
                known of the chances.
            exec_properties: `options_json`: SegmentationExamplesOptions. `profiles_json`: ProfileOptions.
                `user_id_key`: key of the hash that stands for a user id in the quarantine, empty for plain ids. `seed`.
                `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to learn chances from.
        """
        options = SegmentationExamplesOptions.model_validate_json(exec_properties["options_json"])
        uri = get_single_instance(output_dict["profiles"]).uri
        fileio.makedirs(uri)
        tables = TablePaths.of(input_dict)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeProfiles" >> MakeUserProfiles(
                options,
                ProfileOptions.model_validate_json(exec_properties["profiles_json"]),
                options.event_options(exec_properties["user_id_key"] or None),
                tables,
                seed=exec_properties["seed"],
                uri=uri,
                quarantine=f"{uri}/quarantine",
            )


class UserProfiles(BaseBeamComponent):
    """Says of each user what the user is like.

    Args:
        events: Table of events.
        products: Table of products, with categories.
        options: Event types, and what costs money.
        profiles: What profiles say.
        user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
        seed: Of the training.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `profiles` (components.artifacts.UserProfileRows).
    """

    SPEC_CLASS = UserProfilesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(UserProfilesExecutor)

    def __init__(
        self,
        *,
        events: BaseChannel,
        products: BaseChannel,
        options: SegmentationExamplesOptions,
        profiles: ProfileOptions,
        user_id_key: Parameter,
        seed: int,
        source_digest: str,
    ) -> None:
        super().__init__(
            UserProfilesSpec(
                events=events,
                products=products,
                options_json=options.model_dump_json(),
                profiles_json=profiles.model_dump_json(),
                user_id_key=user_id_key,
                seed=seed,
                source_digest=source_digest,
                profiles=Channel(type=UserProfileRows),
            )
        )
