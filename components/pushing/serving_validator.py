"""ServingValidator: a model is blessed if the server that will serve it answers real requests with it."""

import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils, path_utils
from typing_extensions import override

from components.artifacts import Catalogue
from components.checks.classification import KnownLabels, failed_classification_checks
from components.checks.recommendation import KnownProducts, failed_checks
from components.checks.search import failed_search_checks
from components.checks.segmentation import KnownSegments, failed_segmentation_checks
from serving.client import Shelfwise
from serving.client.errors import ModelNotFoundError
from serving.model_names import CLASSIFICATION_MODEL, RECOMMENDATION_MODEL, SEARCH_MODEL, SEGMENTATION_MODEL
from serving.server.background import ServerProcess, ServerStartError, server_thread
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts

VALIDATION_FILE = "validation.json"

# File names and property of TFX's InfraValidator, by which its Pusher knows a blessed model.
_BLESSED_FILE = "INFRA_BLESSED"
_NOT_BLESSED_FILE = "INFRA_NOT_BLESSED"
_BLESSED_PROPERTY = "blessed"

_CALL_TIMEOUT_SECONDS = 60.0
_SAMPLED_PRODUCTS = 5
_VERSION = "1"
# What is asked of each model with products.
CHECKS = {RECOMMENDATION_MODEL: failed_checks, SEARCH_MODEL: failed_search_checks}


class ServingValidatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of ServingValidator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "model_name": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"blessing": ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ServingValidatorExecutor(BaseExecutor):
    """Boots the embedded server on the model and asks every signature."""

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
            exec_properties: `model_name`: name that the model is served under. `source_digest` only keys the cache.
        """
        model_path = path_utils.serving_model_path(get_single_instance(input_dict["model"]).uri)
        catalogues = input_dict.get("catalogue")
        catalogue_uri = get_single_instance(catalogues).uri if catalogues else ""
        blessing = get_single_instance(output_dict["blessing"])
        started = time.monotonic()
        reasons = validate(model_path, catalogue_uri, exec_properties["model_name"])
        blessed = not reasons
        for reason in reasons:
            logging.error("The model cannot be served: %s", reason)
        fileio.makedirs(blessing.uri)
        validation = {"blessed": blessed, "refused_because": reasons, "seconds": time.monotonic() - started}
        io_utils.write_string_file(f"{blessing.uri}/{VALIDATION_FILE}", json.dumps(validation, indent=2))
        io_utils.write_string_file(f"{blessing.uri}/{_BLESSED_FILE if blessed else _NOT_BLESSED_FILE}", "")
        blessing.set_int_custom_property(_BLESSED_PROPERTY, int(blessed))


class ServingValidator(BaseComponent):
    """Boots the embedded server on a model, in a process of its own, and asks every signature.

    Args:
        model: The model that is to be served.
        model_name: Name that it is served under, which says what is asked of it.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        catalogue: Its products; None for a model without any.

    Output `blessing` (standard_artifacts.InfraBlessing).
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(ServingValidatorExecutor)

    def __init__(
        self, *, model: BaseChannel, model_name: str, source_digest: str, catalogue: BaseChannel | None = None
    ) -> None:
        super().__init__(
            ServingValidatorSpec(
                model=model,
                catalogue=catalogue,
                model_name=model_name,
                source_digest=source_digest,
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )


def validate(
    model_path: str,
    catalogue_uri: str,
    model_name: str,
    *,
    own_process: bool = True,
    judge: Callable[[Shelfwise], list[str]] | None = None,
) -> list[str]:
    """Serves a SavedModel and asks it.

    Args:
        model_path: The SavedModel.
        catalogue_uri: The catalogue artifact; empty for a model without products.
        model_name: Name that it is served under.
        own_process: Whether the server is a process of its own: what it does to itself cannot harm this one, but it
            starts some seconds later.
        judge: Asks a server that answers well whatever else there is to ask, and says what is wrong.

    Returns:
        What is wrong with it, a line each.
    """
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        models = scratch / "models"
        if not fileio.exists(f"{model_path}/saved_model.pb"):
            return [f"{model_path} holds no SavedModel"]
        io_utils.copy_dir(model_path, str(models / model_name / _VERSION))
        process = ServerProcess("--models", str(models), scratch=scratch)
        try:
            with (
                process if own_process else server_thread(models) as addresses,
                Shelfwise(addresses.grpc, timeout_seconds=_CALL_TIMEOUT_SECONDS) as client,
            ):
                reasons = _failed_checks(client, model_path, catalogue_uri, model_name)
                if not reasons and judge is not None:
                    reasons = judge(client)
        except (ServerStartError, ModelNotFoundError) as error:
            return [str(error)]
        if reasons and own_process:
            logging.error("Log of the server:\n%s", process.log[-4000:])
        return reasons


def _failed_checks(client: Shelfwise, model_path: str, catalogue_uri: str, model_name: str) -> list[str]:
    if model_name == SEGMENTATION_MODEL:
        card = _model_card(model_path)
        return failed_segmentation_checks(client, KnownSegments(frozenset(card["labels"]), tuple(card["products"])))
    if model_name == CLASSIFICATION_MODEL:
        return failed_classification_checks(client, KnownLabels(frozenset(_model_card(model_path)["labels"])))
    return CHECKS[model_name](client, _known_products(model_path, catalogue_uri))


def _known_products(model_path: str, catalogue_uri: str) -> KnownProducts:
    catalogue = load_catalogue(catalogue_uri)
    ids = catalogue.column("product_id").to_pylist()
    places = np.unique(np.linspace(0, len(ids) - 1, _SAMPLED_PRODUCTS).astype(int))
    card = _model_card(model_path)
    return KnownProducts(
        product_ids=frozenset(ids),
        sample=[ids[place] for place in places],
        titles=catalogue.column("title").take(pa.array(places)).to_pylist(),
        bought_event_type=load_catalogue_facts(catalogue_uri).get("bought_event_type", ""),
        default_k=card["limits"]["default_k"],
        together=card["rules"]["examples"] if "rules" in card else None,
    )


def _model_card(model_path: str) -> Any:
    with fileio.open(f"{model_path}/assets.extra/model_card.json", "r") as file:
        return json.loads(file.read())
