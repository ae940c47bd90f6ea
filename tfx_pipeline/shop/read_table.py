"""Reads and checks a table as a run does, for commands that run no pipeline."""

from collections.abc import Sequence
from pathlib import Path

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Quarantine
from components.errors import InputError
from components.tables.contract import TableOptions
from components.tables.example_gen import TableExampleGenExecutor
from components.tables.quarantine import QuarantineCounts, read_quarantine_counts
from components.tables.sources import TableSource, sources_to_json
from tfx_pipeline.shop.options import ShopOptions


def beam_context(shop: ShopOptions, scratch: Path) -> BaseBeamExecutor.Context:
    """Returns what an executor needs to run Beam outside of a pipeline."""
    return BaseBeamExecutor.Context(
        beam_pipeline_args=list(shop.beam_args), tmp_dir=str(scratch / "tmp"), unique_id="command"
    )


def read_table(
    name: str,
    sources: Sequence[TableSource],
    shop: ShopOptions,
    options: TableOptions,
    scratch: Path,
    kept: Path,
    user_id_key: str = "",
    forgotten: str = "",
) -> tuple[Artifact, QuarantineCounts]:
    """Reads and checks a table; refused rows go to the quarantine `kept`.

    Args:
        name: The table's name in the configuration.
        sources: Where it lies, in the shop's time zone.
        shop: What is borne, and what runs Beam.
        options: What the table may hold beyond its contract.
        scratch: Folder for the rows.
        kept: Folder for the quarantine.
        user_id_key: Key of the hashes that stand for user ids there; empty shows them as they are.
        forgotten: The list of users who are left out, as `ForgottenList.reference` gives it; empty for none.

    Returns:
        The rows as TableExampleGen writes them, and what was counted.

    Raises:
        InputError: The table is not what it should be, or has too many bad rows.
    """
    examples, quarantine = standard_artifacts.Examples(), Quarantine()
    examples.uri, quarantine.uri = str(scratch / name), str(kept)
    properties = {
        "table": name,
        "sources": sources_to_json(list(sources)),
        "data": "",
        "digest": "",
        "user_id_key": user_id_key,
        "forgotten": forgotten,
        "options_json": options.model_dump_json(),
        "source_digest": "",
    }
    TableExampleGenExecutor(beam_context(shop, scratch)).Do(
        {}, {"examples": [examples], "quarantine": [quarantine]}, properties
    )
    counts = read_quarantine_counts(quarantine.uri)
    if counts.bad_fraction > shop.limits.max_bad_fraction:
        raise InputError(
            f"Table `{name}`: {counts.rows - counts.good:,} of {counts.rows:,} rows are bad "
            f"({counts.bad_fraction:.1%}; {shop.limits.max_bad_fraction:.1%} may be): {counts.describe_bad()}. "
            f"See {quarantine.uri}; correct the table, or raise `limits.max_bad_fraction`."
        )
    return examples, counts
