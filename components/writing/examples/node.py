"""WritingExamples: the tables of products and answers become texts with what they are made of."""

import functools
from collections import Counter
from typing import Any, ClassVar

import apache_beam as beam
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
from components.tables.read_back import ReadTable, input_files, table_columns
from components.writing.examples.options import WritingExamplesOptions
from components.writing.examples.steps import SPLITS, TEST, TRAIN, MakeReplies, ReadProducts, SplitPairs
from components.writing.product_fields import PRODUCT_COLUMNS
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import CATALOGUE_FACTS_FILE, EXAMPLE_COUNTS_FILE, EXAMPLES_PREFIX, EXAMPLES_SUFFIX
from trainer.writing.options import REPLY

_BRANDS_FILE = "brands.json"


class WritingExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of WritingExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "answers": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
    }


class WritingExamplesExecutor(BaseBeamExecutor):
    """Splits the texts in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the texts, and the brands that there are.

        Time grows with the rows of the tables. Memory grows with the distinct brands, of which a served model holds
        them all, with the intents, and with the test texts that are kept.

        Args:
            input_dict: `products`, `answers` or both: table artifacts, split `all`.
            output_dict: `examples`: gzipped TFRecord of `trainer.writing.pairs.Pair` in the splits train, eval and
                test; `catalogue`: the brands, and counts.
            exec_properties: `options_json`: WritingExamplesOptions. `source_digest` only keys the cache.

        Raises:
            InputError: The tables have nothing to write about.
        """
        options = WritingExamplesOptions.model_validate_json(exec_properties["options_json"])
        splits, folders = make_output_folders(output_dict, SPLITS)
        uri = folders["catalogue"]
        products, answers = (input_files(input_dict, name) for name in ("products", "answers"))
        with self._make_beam_pipeline() as pipeline:
            pairs = []
            brands = pipeline | "NoBrands" >> beam.Create([], reshuffle=False)
            if products:
                there = [name for name in (*PRODUCT_COLUMNS, *options.attributes) if name in table_columns(products)]
                read = (
                    pipeline
                    | "ReadProductsTable" >> ReadTable(products, there)
                    | "ReadProducts" >> ReadProducts(options)
                )
                pairs.append(read["pairs"])
                brands = read["brands"] | "DistinctBrands" >> beam.Distinct()
            if answers and REPLY in options.kinds:
                table = pipeline | "ReadAnswersTable" >> ReadTable(answers, ("text", "question", "intent"))
                pairs.append(table | "MakeReplies" >> MakeReplies(options))
            _ = (
                brands
                | "ListBrands" >> beam.combiners.ToList()
                | "SortBrands" >> beam.Map(sorted)
                | "WriteBrands" >> beam.Map(functools.partial(write_json, f"{uri}/{_BRANDS_FILE}"))
            )
            made = pairs | "JoinPairs" >> beam.Flatten() | "SplitPairs" >> SplitPairs(options)
            for split, folder in splits.items():
                _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                    f"{folder}/{EXAMPLES_PREFIX}", file_name_suffix=EXAMPLES_SUFFIX
                )
            counts = made["counts"] | "AddUpCounts" >> beam.CombineGlobally(sum_counters)
            _ = counts | "WriteCounts" >> beam.Map(functools.partial(write_json, f"{uri}/{EXAMPLE_COUNTS_FILE}"))
        found = Counter(read_json(f"{uri}/{EXAMPLE_COUNTS_FILE}"))
        if not sum(found.values()):
            raise InputError(
                "The task writing found nothing to write about: no product with a title, and no answer with a question "
                f"for the kinds of text that are configured, {', '.join(options.kinds)}."
            )
        for split, most in ((TRAIN, options.split.most_known), (TEST, options.split.most_test)):
            found[split] = min(found[split], most)
        facts = {
            "brands": read_json(f"{uri}/{_BRANDS_FILE}"),
            "counts": {name: count for name, count in found.items() if count and name not in SPLITS},
            "examples": {split: found[split] for split in SPLITS},
        }
        write_json(f"{uri}/{CATALOGUE_FACTS_FILE}", facts)


class WritingExamples(BaseBeamComponent):
    """Turns products and answers into texts with what they are made of, by `WritingExamplesOptions`.

    Args:
        options: How they become examples.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        products: Table of products.
        answers: Table of answers.

    Outputs `examples` (splits train, eval and test) and `catalogue` (brands).
    """

    SPEC_CLASS = WritingExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(WritingExamplesExecutor)

    def __init__(
        self,
        *,
        options: WritingExamplesOptions,
        source_digest: str,
        products: BaseChannel | None = None,
        answers: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            WritingExamplesSpec(
                products=products,
                answers=answers,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
            )
        )
