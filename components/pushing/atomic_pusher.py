"""AtomicPusher: TFX's Pusher, but versions appear whole or not at all, and where to is known when it runs."""

import logging
import os
from typing import Any, ClassVar

from google.protobuf import json_format
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import io_utils
from typing_extensions import override

from components.gate.rules import MANUAL, Approval
from components.parameters import Parameter, execution_parameters
from components.pushing.served_versions import (
    latest_version,
    leave_only,
    partial_version,
    publish,
    remove_stale,
    same_files,
    waiting_root,
)

# Custom property of a pushed model that is not pushed yet: where it waits.
WAITING_PROPERTY = "waiting_destination"


class AtomicPusherSpec(ComponentSpec):
    """Inputs, outputs and parameters of AtomicPusher."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        serving_root=str, model_name=str, approval=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)}


class AtomicPusherExecutor(pusher_executor.Executor):
    """Pushes into a hidden folder beside the versions, then renames it."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes a blessed model as a new version; leaves nothing behind when that fails.

        A model that the newest version holds already, file for file, is not pushed again.

        The version is the Unix time in seconds, or the one after the largest version there is, whichever is larger.
        On object stores, which cannot rename a folder, TFX's Pusher does its work unchanged: `saved_model.pb`, by
        which a server knows a version, is written last.

        Args:
            input_dict: `model`; `model_blessing` and `infra_blessing`, without which nothing is pushed.
            output_dict: `pushed_model`: a copy of the model, with the custom properties pushed, pushed_destination and
                pushed_version.
            exec_properties: `serving_root`: folder or URI of the served models; `model_name`: the model's folder in
                it; `approval`: `manual` for a model that is not served before a person approves it: it waits as a
                version below `waiting_root`, in place of the one that waited before. `source_digest` only keys the
                cache.
        """
        serving_root, name = exec_properties["serving_root"], exec_properties["model_name"]
        base = f"{serving_root}/{name}"
        pushed_model = get_single_instance(output_dict[standard_component_specs.PUSHED_MODEL_KEY])
        latest = latest_version(base)
        if latest and self.CheckBlessing(input_dict) and same_files(self.GetModelPath(input_dict), latest):
            io_utils.copy_dir(self.GetModelPath(input_dict), pushed_model.uri)
            self._MarkPushed(pushed_model, pushed_destination=latest, pushed_version=os.path.basename(latest))
            logging.info("The model stands at %s already.", latest)
            return
        if exec_properties["approval"] != MANUAL:
            self._push(input_dict, output_dict, base)
            return
        self._push(input_dict, output_dict, f"{waiting_root(serving_root)}/{name}")
        if pushed_model.has_custom_property("pushed_destination"):
            waiting = pushed_model.get_string_custom_property("pushed_destination")
            leave_only(waiting)
            self._MarkNotPushed(pushed_model)
            pushed_model.set_string_custom_property(WAITING_PROPERTY, waiting)

    def _push(self, input_dict: dict[str, list[Artifact]], output_dict: dict[str, list[Artifact]], base: str) -> None:
        """Pushes a new version of what `base` is the folder or the URI of."""
        pushed_model = get_single_instance(output_dict[standard_component_specs.PUSHED_MODEL_KEY])
        if "://" in base:
            super().Do(input_dict, output_dict, _push_to(base))
            return
        fileio.makedirs(base)
        remove_stale(base)
        partial = partial_version(base)
        try:
            super().Do(input_dict, output_dict, _push_to(partial))
            if fileio.exists(partial):
                written = os.path.join(partial, pushed_model.get_string_custom_property("pushed_version"))
                version, target = publish(written, base)
                self._MarkPushed(pushed_model, pushed_destination=target, pushed_version=str(version))
                logging.info("Version %d stands at %s.", version, target)
        finally:
            if fileio.exists(partial):
                fileio.rmtree(partial)


class AtomicPusher(BaseComponent):
    """Pushes a model that has both blessings to `<serving_root>/<model_name>/<version>/`.

    Args:
        model: The model.
        model_blessing: Whether it ranks well enough.
        infra_blessing: Whether it can be served.
        serving_root: Folder or URI of the served models.
        model_name: Folder of the model's versions.
        approval: `automatic`, or `manual` for a model that waits until a person approves it.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `pushed_model` (standard_artifacts.PushedModel).
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = ExecutorClassSpec(AtomicPusherExecutor)

    def __init__(
        self,
        *,
        model: BaseChannel,
        model_blessing: BaseChannel,
        infra_blessing: BaseChannel,
        serving_root: Parameter,
        model_name: str,
        source_digest: str,
        approval: Approval = "automatic",
    ) -> None:
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                serving_root=serving_root,
                model_name=model_name,
                approval=approval,
                source_digest=source_digest,
                pushed_model=Channel(type=standard_artifacts.PushedModel),
            )
        )


def _push_to(base: str) -> dict[str, str]:
    """Returns the execution properties by which TFX's Pusher writes `<base>/<version>`."""
    destination = pusher_pb2.PushDestination(filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=base))
    return {standard_component_specs.PUSH_DESTINATION_KEY: json_format.MessageToJson(destination)}
