"""ClassificationPretrainer: a BERT of the shop's own texts, from nothing or on top of a pretrained one."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import io_utils
from typing_extensions import override

from components.checkpoint_folder import checkpoint_folder
from components.errors import InputError
from components.parameters import Parameter, execution_parameters
from trainer.artifacts.example_files import example_features
from trainer.classification.examples import load_labelled_texts
from trainer.fitting.checkpoints import forget_checkpoints
from trainer.options import TextOptions
from trainer.pretraining.masked_language import new_backbone, pretrain
from trainer.pretraining.options import SCRATCH, PretrainingOptions
from trainer.pretraining.rewriting import save_masked_lm_head
from trainer.pretraining.vocabulary import learn_vocabulary, scratch_tokenizer, split_words
from trainer.text.backbone import TextEncoder, load_text_encoder, load_trained_encoder, save_trained_encoder

_TEXTS_AT_ONCE = 4096
# Rarer words than these change no piece of a vocabulary.
_MOST_WORDS = 500_000
_WORDS_FILE = "words"

WordCount = tuple[str, int]


class CountWords(beam.PTransform):
    """Serialized tf.Examples with the feature text to one list of words with their counts, the most frequent ones.

    Args:
        most: Words to keep.
    """

    def __init__(self, most: int = _MOST_WORDS) -> None:
        super().__init__()
        self._most = most

    def expand(self, records: beam.PCollection[bytes]) -> beam.PCollection[list[WordCount]]:
        """Adds the counting to a pipeline."""
        return (
            records
            | "ReadTexts" >> beam.Map(_text)
            | "BatchTexts" >> beam.BatchElements(1, _TEXTS_AT_ONCE)
            | "SplitWords" >> beam.FlatMap(split_words)
            | "CountEachWord" >> beam.combiners.Count.PerElement()
            # Equal counts are told apart by the word, so that the same texts always keep the same words.
            | "KeepMostFrequent" >> beam.combiners.Top.Of(self._most, key=lambda counted: (counted[1], counted[0]))
        )


def _text(record: bytes) -> str:
    text: bytes = example_features(record)["text"].bytes_list.value[0]
    return text.decode()


class ClassificationPretrainerSpec(ComponentSpec):
    """Inputs, outputs and parameters of ClassificationPretrainer."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        text_json=str, options_json=str, steps=int, seed=int, checkpoints=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
    }


class ClassificationPretrainerExecutor(BaseBeamExecutor):
    """Learns a vocabulary where there is none, and then the language."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes a text encoder that a classifier can be trained on top of.

        Only the training split is learned from. Words are counted in Beam, where a worker holds one batch of texts;
        learning pieces from the words, and BERT from the texts, hold the words and the training texts in memory.

        Args:
            input_dict: `examples`: texts with the splits train and eval.
            output_dict: `model`: the encoder, the head of the masked language model, and `pretraining.json` with the
                loss on the eval split before and after.
                `model_run`: TensorBoard's event files.
            exec_properties: `text_json`: TextOptions, with the backbone `scratch` or a pretrained one. `options_json`:
                PretrainingOptions. `steps`: batches to train on at the most. `seed`. `checkpoints`: where they go,
                empty for the node's folder. `source_digest` only keys the cache.

        Raises:
            InputError: There are too few texts to learn a language from.
        """
        text = TextOptions.model_validate_json(exec_properties["text_json"])
        options = PretrainingOptions.model_validate_json(exec_properties["options_json"])
        examples = get_single_instance(input_dict["examples"])
        model_uri = get_single_instance(output_dict["model"]).uri
        learned, validated = (load_labelled_texts(examples.uri, split).texts for split in ("train", "eval"))
        if len(learned) < options.min_texts:
            raise InputError(
                f"Pretraining needs {options.min_texts:,} distinct training texts or more to learn a language from; "
                f"there are {len(learned):,}. Give more texts, set `tasks.classification.backbone` to a pretrained "
                "BERT without `pretrain_steps`, or lower `tasks.classification.pretraining.min_texts`."
            )
        if text.backbone == SCRATCH:
            encoder = self._new_encoder(examples, model_uri, text, options)
        else:
            encoder = load_text_encoder(text)
        # What the trainer cannot read is to be known now, and not after the training.
        save_trained_encoder(encoder, model_uri)
        load_trained_encoder(model_uri)
        properties = {name: value for name, value in exec_properties.items() if name != "checkpoints"}
        checkpoint_uri = checkpoint_folder(exec_properties["checkpoints"], model_uri, input_dict, properties)
        model, summary = pretrain(
            encoder,
            learned,
            validated,
            exec_properties["steps"],
            options,
            seed=exec_properties["seed"],
            log_uri=get_single_instance(output_dict["model_run"]).uri,
            checkpoint_uri=checkpoint_uri,
        )
        save_trained_encoder(encoder, model_uri)
        save_masked_lm_head(model, model_uri)
        io_utils.write_string_file(f"{model_uri}/pretraining.json", json.dumps(summary, indent=1))
        forget_checkpoints(checkpoint_uri)

    def _new_encoder(
        self, examples: Artifact, model_uri: str, text: TextOptions, options: PretrainingOptions
    ) -> TextEncoder:
        fileio.makedirs(model_uri)
        words_file = f"{model_uri}/{_WORDS_FILE}.json"
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadTrainingTexts" >> beam.io.ReadFromTFRecord(f"{get_split_uri([examples], 'train')}/*")
                | "CountWords" >> CountWords()
                | "WriteWords" >> beam.Map(_write_words, words_file)
            )
        with fileio.open(words_file, "r") as file:
            counts: list[WordCount] = [(word, count) for word, count in json.loads(file.read())]
        fileio.remove(words_file)
        vocabulary = learn_vocabulary(counts, options.vocabulary_size)
        logging.info("A vocabulary of %d pieces was learned from %d distinct words.", len(vocabulary), len(counts))
        return TextEncoder(
            backbone=new_backbone(len(vocabulary), text.sequence_length, options),
            tokenizer=scratch_tokenizer(vocabulary),
            sequence_length=text.sequence_length,
        )


def _write_words(counts: Sequence[WordCount] | Iterable[WordCount], path: str) -> None:
    io_utils.write_string_file(path, json.dumps(list(counts), ensure_ascii=False))


class ClassificationPretrainer(BaseBeamComponent):
    """Pretrains a BERT on the training texts by masked-language modelling.

    Args:
        examples: Texts with the splits train and eval.
        text: The encoder; its backbone is `scratch` or a pretrained one.
        options: How it is pretrained.
        steps: Batches to train on.
        seed: Of weights, masks and dropout.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        checkpoints: Folder or URI that checkpoints go below; empty for the node's own folder.

    Outputs `model` (a text encoder) and `model_run`.
    """

    SPEC_CLASS = ClassificationPretrainerSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ClassificationPretrainerExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        text: TextOptions,
        options: PretrainingOptions,
        steps: int,
        seed: int,
        source_digest: str,
        checkpoints: Parameter = "",
    ) -> None:
        super().__init__(
            ClassificationPretrainerSpec(
                examples=examples,
                text_json=text.model_dump_json(),
                options_json=options.model_dump_json(),
                steps=steps,
                seed=seed,
                checkpoints=checkpoints,
                source_digest=source_digest,
                model=Channel(type=standard_artifacts.Model),
                model_run=Channel(type=standard_artifacts.ModelRun),
            )
        )
