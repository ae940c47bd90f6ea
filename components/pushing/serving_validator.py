"""ServingValidator: a model is blessed if the server that will serve it answers real requests with it."""

import logging
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import io_utils, path_utils
from typing_extensions import override

from components.artifacts import Catalogue
from components.checks.common import ServedModel, ServingChecks
from components.dotted_names import load_function
from components.optional_inputs import optional_uri
from components.parameters import execution_parameters
from serving.client import Shelfwise
from serving.server.background import ServerProcess, ServerStartError, server_thread
from shelfwise_client.errors import ModelNotFoundError
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import VALIDATION_FILE
from trainer.exporting import read_model_card

# File names and property of TFX's InfraValidator, by which its Pusher knows a blessed model.
_BLESSED_FILE = "INFRA_BLESSED"
_NOT_BLESSED_FILE = "INFRA_NOT_BLESSED"
_BLESSED_PROPERTY = "blessed"

_CALL_TIMEOUT_SECONDS = 60.0
_VERSION = "1"


class ServingValidatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of ServingValidator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(model_name=str, checks_fn=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"blessing": ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ServingValidatorExecutor(BaseExecutor):
    """Boots the embedded server on the model and lets the task's checks ask it."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Gives the infra blessing, or says why not.

        Args:
            input_dict: `model`: the model that is to be served. `catalogue`: its products, if it has any.
            output_dict: `blessing`: custom property `blessed` (1 or 0), an empty file INFRA_BLESSED or
                INFRA_NOT_BLESSED, and `validation.json` with the keys blessed, refused_because and seconds.
            exec_properties: `model_name`: name that the model is served under. `checks_fn`: dotted name of a function
                of the form of `components.checks.common.ServingChecks`. `source_digest` only keys the cache.

        Raises:
            ValueError: There is no such function.
        """
        model_path = path_utils.serving_model_path(get_single_instance(input_dict["model"]).uri)
        catalogue_uri = optional_uri(input_dict, "catalogue") or ""
        blessing = get_single_instance(output_dict["blessing"])
        checks = load_function(exec_properties["checks_fn"], "checks_fn", "components.checks.search.failed_checks")
        started = time.monotonic()
        reasons = validate(model_path, exec_properties["model_name"], checks, catalogue_uri=catalogue_uri)
        blessed = not reasons
        for reason in reasons:
            logging.error("The model cannot be served: %s", reason)
        fileio.makedirs(blessing.uri)
        validation = {"blessed": blessed, "refused_because": reasons, "seconds": time.monotonic() - started}
        write_json(f"{blessing.uri}/{VALIDATION_FILE}", validation)
        io_utils.write_string_file(f"{blessing.uri}/{_BLESSED_FILE if blessed else _NOT_BLESSED_FILE}", "")
        blessing.set_int_custom_property(_BLESSED_PROPERTY, int(blessed))


class ServingValidator(BaseComponent):
    """Boots the embedded server on a model, in a process of its own, and lets the task's checks ask it.

    Args:
        model: The model that is to be served.
        model_name: Name that it is served under.
        checks_fn: Dotted name of the function that asks it and says what is wrong with its answers, of the form of
            `components.checks.common.ServingChecks`.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        catalogue: Its products; None for a model without any.

    Output `blessing` (standard_artifacts.InfraBlessing).
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(ServingValidatorExecutor)

    def __init__(
        self,
        *,
        model: BaseChannel,
        model_name: str,
        checks_fn: str,
        source_digest: str,
        catalogue: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            ServingValidatorSpec(
                model=model,
                catalogue=catalogue,
                model_name=model_name,
                checks_fn=checks_fn,
                source_digest=source_digest,
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )


def validate(
    model_path: str, model_name: str, checks: ServingChecks, *, catalogue_uri: str = "", own_process: bool = True
) -> list[str]:
    """Serves a SavedModel and asks it.

    Args:
        model_path: The SavedModel.
        model_name: Name that it is served under.
        checks: What it is asked.
        catalogue_uri: The catalogue artifact; empty for a model without products.
        own_process: Whether the server is a process of its own: what it does to itself cannot harm this one, but it
            starts some seconds later.

    Returns:
        What is wrong with it, a line each.
    """
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        models = scratch / "models"
        if not fileio.exists(f"{model_path}/saved_model.pb"):
            return [f"{model_path} holds no SavedModel"]
        io_utils.copy_dir(model_path, str(models / model_name / _VERSION))
        card = read_model_card(model_path)
        model = ServedModel(name=model_name, path=model_path, card=card, catalogue_uri=catalogue_uri)
        process = ServerProcess("--models", str(models), scratch=scratch)
        try:
            with (
                process if own_process else server_thread(models) as addresses,
                Shelfwise(addresses.grpc, timeout_seconds=_CALL_TIMEOUT_SECONDS) as client,
            ):
                reasons = checks(client, model)
        except (ServerStartError, ModelNotFoundError) as error:
            return [str(error)]
        if reasons and own_process:
            logging.error("Log of the server:\n%s", process.log[-4000:])
        return reasons
