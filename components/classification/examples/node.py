"""ClassificationExamples: the table `texts` becomes a label vocabulary and labelled texts in splits."""

import functools
import logging
from collections import Counter
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import Labels
from components.classification.examples.options import ClassificationExamplesOptions
from components.classification.examples.steps import (
    BLANK,
    CONFLICTS,
    COUNTS,
    DUPLICATES,
    LEFT_OUT,
    SPLITS,
    VOCABULARY,
    MakeTextExamples,
)
from components.classification.examples.unlabelled import UNLABELLED, MakeUnlabelledExamples
from components.errors import InputError
from components.output_folders import make_output_folders
from components.parameters import execution_parameters
from components.tables.read_back import ReadTable, bucket_count, input_files, table_files, table_rows
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE, EXAMPLES_PREFIX, EXAMPLES_SUFFIX, LABELS_FILE

_TEXTS_PER_BUCKET = 20_000


class ClassificationExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of ClassificationExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "texts": ChannelParameter(type=standard_artifacts.Examples),
        "unlabelled_texts": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "labels": ChannelParameter(type=Labels),
    }


class ClassificationExamplesExecutor(BaseBeamExecutor):
    """Brings equal texts together and splits them in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the examples and the label vocabulary.

        Texts are cut by sha256 into buckets of some 20,000, and a bucket is handled in memory: time grows in proportion
        to the texts, memory with the bucket and the distinct labels.

        Args:
            input_dict: `texts`, and maybe `unlabelled_texts`: table artifacts, split `all`, Parquet.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval and test, as
                `components.classification.examples.steps` describes them, and in the split unlabelled those of texts
                without labels where there are any; `labels`.
            exec_properties: `options_json`: ClassificationExamplesOptions. `source_digest` only keys the cache.

        Raises:
            InputError: There are fewer than two labels, or a split is empty.
        """
        options = ClassificationExamplesOptions.model_validate_json(exec_properties["options_json"])
        paths = table_files(get_single_instance(input_dict["texts"]))
        unlabelled = input_files(input_dict, "unlabelled_texts")
        written, folders = make_output_folders(output_dict, [*SPLITS, UNLABELLED] if unlabelled else SPLITS)
        labels_uri = folders["labels"]
        split_column = options.split.split_column
        columns = ("text", "label", *options.slice_columns, *([split_column] if split_column else []))
        with self._make_beam_pipeline() as pipeline:
            made = (
                pipeline
                | "ReadTexts" >> ReadTable(paths, columns, batch_rows=_TEXTS_PER_BUCKET)
                | MakeTextExamples(options, bucket_count(table_rows(paths), _TEXTS_PER_BUCKET))
            )
            if unlabelled:
                made = made | {
                    UNLABELLED: pipeline
                    | "ReadUnlabelledTexts" >> ReadTable(unlabelled, ("text",), batch_rows=_TEXTS_PER_BUCKET)
                    | "Unlabelled" >> MakeUnlabelledExamples(table_rows(unlabelled), options.most_unlabelled)
                }
            for split, folder in written.items():
                _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                    f"{folder}/{EXAMPLES_PREFIX}", file_name_suffix=EXAMPLES_SUFFIX
                )
            for each, label, file in ((COUNTS, "Counts", EXAMPLE_COUNTS_FILE), (VOCABULARY, "Labels", LABELS_FILE)):
                write = functools.partial(write_json, f"{labels_uri}/{file}")
                _ = made[each] | f"Write{label}" >> beam.Map(write)
        counts = Counter(read_json(f"{labels_uri}/{EXAMPLE_COUNTS_FILE}"))
        labels = read_json(f"{labels_uri}/{LABELS_FILE}")
        _check(labels, counts, options)
        if counts[LEFT_OUT]:
            logging.warning(
                "%d texts are left out: their labels have fewer than %d training texts.",
                counts[LEFT_OUT],
                options.split.min_label_texts,
            )
        shown = {name: counts[name] for name in ("texts", BLANK, DUPLICATES, CONFLICTS, LEFT_OUT) if counts[name]}
        facts = {
            "labels": labels,
            "counts": {**shown, "labels": len(labels)},
            "examples": {split: counts[split] for split in SPLITS},
        }
        write_json(f"{labels_uri}/{LABELS_FILE}", facts)


class ClassificationExamples(BaseBeamComponent):
    """Turns the table of labelled texts into examples.

    Args:
        texts: Table of texts.
        unlabelled_texts: Table of texts without labels, if there is one.
        options: How they are split.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `examples` (splits train, eval and test, and unlabelled) and `labels` (components.artifacts.Labels).
    """

    SPEC_CLASS = ClassificationExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ClassificationExamplesExecutor)

    def __init__(
        self,
        *,
        texts: BaseChannel,
        options: ClassificationExamplesOptions,
        source_digest: str,
        unlabelled_texts: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            ClassificationExamplesSpec(
                texts=texts,
                unlabelled_texts=unlabelled_texts,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                labels=Channel(type=Labels),
            )
        )


def _check(labels: list[str], counts: Counter[str], options: ClassificationExamplesOptions) -> None:
    if len(labels) < 2:
        raise InputError(
            f"Table `texts` should have two labels or more with at least {options.split.min_label_texts} distinct "
            f"training texts each; it has {len(labels)}{': ' + repr(labels[0]) if labels else ''}. Give texts of other "
            "labels."
        )
    for split, use in zip(SPLITS, ("train on", "validate on", "test on"), strict=True):
        if not counts[split]:
            raise InputError(
                f"Classification has no text to {use}: {sum(counts[name] for name in SPLITS):,} distinct texts were "
                "found in all. Give more texts, or mend `tasks.classification.split`."
            )
