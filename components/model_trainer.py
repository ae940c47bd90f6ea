"""ModelTrainer: runs a training function on task examples and what is known of the products."""

import dataclasses
import logging
import tempfile
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

from components.artifacts import AssociationRules, Catalogue, Labels, PictureVectors, TextVectors
from components.checkpoint_folder import checkpoint_folder
from components.dotted_names import load_function
from components.optional_inputs import optional_uri
from components.parameters import IntParameter, Parameter, execution_parameters
from trainer.fitting.checkpoints import forget_checkpoints
from trainer.fitting.training_request import EarlierTraining, TrainingRequest
from trainer.fitting.training_summary import run_training
from trainer.options import Options
from trainer.workers.worker_group import worker_group


class ModelTrainerSpec(ComponentSpec):
    """Inputs, outputs and parameters of ModelTrainer."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        run_fn=str,
        options_json=str,
        steps=int,
        seed=int,
        checkpoints=str,
        earlier_model=str,
        earlier_catalogue=str,
        earlier_products=str,
        source_digest=str,
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue, optional=True),
        "labels": ChannelParameter(type=Labels, optional=True),
        "transformed_products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "text_vectors": ChannelParameter(type=TextVectors, optional=True),
        "picture_vectors": ChannelParameter(type=PictureVectors, optional=True),
        "rules": ChannelParameter(type=AssociationRules, optional=True),
        "base_model": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
    }


class ModelTrainerExecutor(BaseExecutor):
    """Calls the training function in this process, which may be one of several that train together."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains a model.

        A training that was killed goes on from its checkpoint. Of several workers (TF_CONFIG) the chief writes the
        outputs.

        Args:
            input_dict: `examples`: task examples with the splits train, eval, ranker where the task has a ranker, and
                test; `catalogue` or `labels`; and maybe `transformed_products`: Transform's examples of the products;
                `text_vectors`; `picture_vectors`; `rules`; `base_model`.
            output_dict: `model`: what the training function saves, and training.json; `model_run`: TensorBoard's
                event files.
            exec_properties: `run_fn`: dotted name of a function that takes a TrainingRequest; `options_json`: its
                options; `steps`: the most batches to train on, 0 for as many as the options say; `seed`;
                `checkpoints`: where checkpoints go, empty for the node's folder; `earlier_model`, `earlier_catalogue`
                and `earlier_products`: what an update starts from, empty in a run. `source_digest` only keys the cache.

        Raises:
            ValueError: There is no such function, or it cannot train on these inputs.
        """
        # Before anything is computed.
        group = worker_group()
        model_uri = get_single_instance(output_dict["model"]).uri
        properties = {name: value for name, value in exec_properties.items() if name != "checkpoints"}
        request = TrainingRequest(
            examples_uri=get_single_instance(input_dict["examples"]).uri,
            catalogue_uri=optional_uri(input_dict, "catalogue") or "",
            labels_uri=optional_uri(input_dict, "labels"),
            transformed_products_uri=optional_uri(input_dict, "transformed_products"),
            text_vectors_uri=optional_uri(input_dict, "text_vectors"),
            picture_vectors_uri=optional_uri(input_dict, "picture_vectors"),
            rules_uri=optional_uri(input_dict, "rules"),
            base_model_uri=optional_uri(input_dict, "base_model"),
            earlier=_earlier(exec_properties),
            options_json=exec_properties["options_json"],
            steps=exec_properties["steps"] or None,
            seed=exec_properties["seed"],
            model_uri=model_uri,
            log_uri=get_single_instance(output_dict["model_run"]).uri,
            checkpoint_uri=checkpoint_folder(exec_properties["checkpoints"], model_uri, input_dict, properties),
        )
        run = load_function(exec_properties["run_fn"], "run_fn", "trainer.recommendation.training.run")
        logging.info("Training by %s.", exec_properties["run_fn"])
        if group.is_chief:
            fileio.makedirs(request.model_uri)
            fileio.makedirs(request.log_uri)
            run_training(run, request)
            forget_checkpoints(request.checkpoint_uri)
            return
        with tempfile.TemporaryDirectory() as scratch:
            run_training(run, dataclasses.replace(request, model_uri=f"{scratch}/model", log_uri=f"{scratch}/log"))


class ModelTrainer(BaseComponent):
    """Trains a model by a function that is given by its dotted name, so one component serves every task.

    Args:
        examples: Task examples, with the splits train, eval, ranker where the task has a ranker, and test.
        run_fn: Dotted name of a `trainer.fitting.training_summary.TrainingFunction`.
        options: The function's options.
        steps: The most batches to train on; 0 for as many as the options say.
        seed: Seed of everything random in the training.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        checkpoints: Folder or URI that checkpoints go below; empty for the node's own folder.
        catalogue: The catalogue that the examples were made with, if they are of products.
        labels: The label vocabulary of the examples, if they are labelled.
        transformed_products: Transform's examples of the products, if there is a products table.
        text_vectors: Vectors of the product texts, if texts are on.
        picture_vectors: Vectors of pictures, if the function reads those.
        rules: What is bought together, if the function reads that.
        base_model: A model that this one is trained on top of.
        earlier_model: URI of the model that an update starts from; empty in a run.
        earlier_catalogue: URI of the catalogue that it was trained with, if any.
        earlier_products: URI of Transform's examples of the products then, if any.

    Outputs `model` (standard_artifacts.Model) and `model_run` (standard_artifacts.ModelRun).
    """

    SPEC_CLASS = ModelTrainerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(ModelTrainerExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        run_fn: str,
        options: Options,
        steps: IntParameter,
        seed: int,
        source_digest: str,
        checkpoints: Parameter = "",
        catalogue: BaseChannel | None = None,
        labels: BaseChannel | None = None,
        transformed_products: BaseChannel | None = None,
        text_vectors: BaseChannel | None = None,
        picture_vectors: BaseChannel | None = None,
        rules: BaseChannel | None = None,
        base_model: BaseChannel | None = None,
        earlier_model: Parameter = "",
        earlier_catalogue: Parameter = "",
        earlier_products: Parameter = "",
    ) -> None:
        super().__init__(
            ModelTrainerSpec(
                examples=examples,
                catalogue=catalogue,
                labels=labels,
                transformed_products=transformed_products,
                text_vectors=text_vectors,
                picture_vectors=picture_vectors,
                rules=rules,
                base_model=base_model,
                run_fn=run_fn,
                options_json=options.model_dump_json(),
                steps=steps,
                seed=seed,
                checkpoints=checkpoints,
                earlier_model=earlier_model,
                earlier_catalogue=earlier_catalogue,
                earlier_products=earlier_products,
                source_digest=source_digest,
                model=Channel(type=standard_artifacts.Model),
                model_run=Channel(type=standard_artifacts.ModelRun),
            )
        )


def _earlier(exec_properties: dict[str, Any]) -> EarlierTraining | None:
    """Returns what an update starts from; None in a run."""
    if not exec_properties["earlier_model"]:
        return None
    return EarlierTraining(
        model_uri=exec_properties["earlier_model"],
        catalogue_uri=exec_properties["earlier_catalogue"],
        transformed_products_uri=exec_properties["earlier_products"] or None,
    )
