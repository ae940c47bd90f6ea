"""SupportExamples: the tables of answers and dialogues become questions with their answers."""

import functools
from collections import Counter
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import Catalogue
from components.counters import sum_counters
from components.errors import InputError
from components.output_folders import make_output_folders
from components.parameters import execution_parameters
from components.support.examples.options import SupportExamplesOptions
from components.support.examples.products import answered_products, wish_titles
from components.support.examples.steps import (
    ANSWER_SCHEMA,
    SPLITS,
    AnswerRow,
    MakeAnswers,
    MakeQuestionExamples,
    ReadAnswers,
    ReadDialogues,
)
from components.tables.read_back import ReadTable, input_files
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import (
    CATALOGUE_FACTS_FILE,
    CATALOGUE_FILE,
    EXAMPLE_COUNTS_FILE,
    EXAMPLES_PREFIX,
    EXAMPLES_SUFFIX,
)
from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.support.products import PRODUCTS_FILE


class SupportExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of SupportExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "answers": ChannelParameter(type=standard_artifacts.Examples),
        "dialogues": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
    }


class SupportExamplesExecutor(BaseBeamExecutor):
    """Brings equal answers and equal questions together in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the answers, and the questions that they answer.

        Time grows with the rows of the tables. Memory grows with the answers and the products, of which a served model
        holds them all, and with the longest dialogue.

        Args:
            input_dict: `answers`, and maybe `dialogues` and `products`: table artifacts, split `all`.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval and test, as
                `components.support.examples.steps.MakeQuestionExamples` describes them; `catalogue`: the answers,
                `products.parquet` with what products say of themselves, and counts.
            exec_properties: `options_json`: SupportExamplesOptions. `source_digest` only keys the cache.

        Raises:
            InputError: There are fewer than two answers, or a column of splits names none.
        """
        options = SupportExamplesOptions.model_validate_json(exec_properties["options_json"])
        splits, folders = make_output_folders(output_dict, SPLITS)
        uri = folders["catalogue"]
        files = {name: input_files(input_dict, name) for name in ("answers", "dialogues", "products")}
        split_column = options.split.split_column
        columns = ["answer_id", "text", "question", "intent", "product_id", "category"]
        columns += [split_column] if split_column else []
        with self._make_beam_pipeline() as pipeline:
            read = (
                pipeline
                | "ReadAnswersTable" >> ReadTable(files["answers"], columns)
                | "ReadAnswers" >> ReadAnswers(split_column)
            )
            rows, asked = [read["rows"]], [read["asked"]]
            if files["dialogues"]:
                asked.append(
                    pipeline
                    | "ReadDialoguesTable" >> ReadTable(files["dialogues"], ("dialogue_id", "turn", "speaker", "text"))
                    | "ReadDialogues" >> ReadDialogues(options.agents)
                )
                if options.dialogue_answers == "all":
                    rows.append(asked[-1] | "TakeAnswers" >> beam.Map(_row_of_turn))
            answers = rows | "JoinAnswers" >> beam.Flatten() | "MakeAnswers" >> MakeAnswers()
            _ = answers | "WriteAnswers" >> beam.Map(functools.partial(_write_answers, f"{uri}/{CATALOGUE_FILE}"))
            made = asked | "JoinQuestions" >> beam.Flatten() | "MakeExamples" >> MakeQuestionExamples(options, answers)
            for split, folder in splits.items():
                _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                    f"{folder}/{EXAMPLES_PREFIX}", file_name_suffix=EXAMPLES_SUFFIX
                )
            counts = made["counts"] | "AddUpCounts" >> beam.CombineGlobally(sum_counters)
            _ = counts | "WriteCounts" >> beam.Map(functools.partial(write_json, f"{uri}/{EXAMPLE_COUNTS_FILE}"))
        found = Counter(read_json(f"{uri}/{EXAMPLE_COUNTS_FILE}"))
        products = answered_products(files["products"], options.product_texts)
        if products is not None:
            write_parquet(f"{uri}/{PRODUCTS_FILE}", products)
        answer_count = len(read_parquet(f"{uri}/{CATALOGUE_FILE}", ["answer_id"]))
        if answer_count < 2:
            raise InputError(
                f"Table `answers` should hold two answers or more with texts of their own; it has {answer_count}. Give "
                "more of them."
            )
        facts = {
            "wish_titles": wish_titles(files["products"], options.wish_titles),
            "counts": {
                "answers": answer_count,
                "questions": sum(found[split] for split in SPLITS),
                **{name: count for name, count in found.items() if count and name not in SPLITS},
            },
            "examples": {split: found[split] for split in SPLITS},
        }
        write_json(f"{uri}/{CATALOGUE_FACTS_FILE}", facts)


class SupportExamples(BaseBeamComponent):
    """Turns answers and dialogues into questions with their answers, by `SupportExamplesOptions`.

    Args:
        answers: Table of answers.
        options: How they become examples.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        dialogues: Table of dialogues.
        products: Table of products.

    Outputs `examples` (splits train, eval and test) and `catalogue` (the answers).
    """

    SPEC_CLASS = SupportExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SupportExamplesExecutor)

    def __init__(
        self,
        *,
        answers: BaseChannel,
        options: SupportExamplesOptions,
        source_digest: str,
        dialogues: BaseChannel | None = None,
        products: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            SupportExamplesSpec(
                answers=answers,
                dialogues=dialogues,
                products=products,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
            )
        )


def _row_of_turn(asked: Any) -> AnswerRow:
    return AnswerRow(asked.answer, "", "", "", "")


def _write_answers(path: str, answers: list[dict[str, str]]) -> None:
    # What only agents have said has no id of its own.
    numbered = [{**each, "answer_id": each["answer_id"] or f"dialogue-{place}"} for place, each in enumerate(answers)]
    write_parquet(path, pa.Table.from_pylist(numbered, ANSWER_SCHEMA))
