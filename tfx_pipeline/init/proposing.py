"""From a shop's files to a proposal: what `shelfwise init` guesses."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from components.errors import InputError
from components.tables.contract import TABLES
from tfx_pipeline.init.event_types import guess_event_types
from tfx_pipeline.init.files.inputs import TABLE
from tfx_pipeline.init.files.reading import read_samples
from tfx_pipeline.init.guessed import describe_tables, guess_sources, table_of
from tfx_pipeline.init.known import export_sources, find_export
from tfx_pipeline.init.matching import unknown_products
from tfx_pipeline.init.proposal import Proposal, ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.values.shop_zone import shop_zone

_NO_CATALOGUE = 0.9
_SHOWN = 12
_SHOWN_IDS = 3


def propose(paths: Iterable[str], asker: Asker) -> Proposal:
    """Looks at files and guesses what they are.

    Args:
        paths: Files, folders and globs.
        asker: Settles what the files do not tell.

    Raises:
        InputError: A file cannot be read, or the files make no table that a task can use.
    """
    try:
        samples = read_samples(paths, asker)
    except InputError as error:
        # The readers speak of the table that they read for, which is not known yet.
        raise InputError(str(error).removeprefix(f"Table `{TABLE}`: ")) from error
    return propose_tables(samples, asker)


def propose_tables(samples: Sequence[Sample], asker: Asker) -> Proposal:
    """Guesses what files are whose first rows were read; see `propose`."""
    export = find_export(samples)
    sources = [] if export is None else export_sources(export, asker)
    if export is not None and sources:
        has = {source.table for source in sources}
        others = [sample for sample in samples if not export.explains(sample)]
        # What an export lacks, such as judgements, may lie beside it.
        guessed, unused = guess_sources(others, asker, [table for table in TABLES if table not in has])
        sources = [*sources, *guessed]
        proposal = Proposal(
            sources=sources,
            layout=export.layout.name,
            event_types=export.layout.event_types,
            bought_event_type=export.layout.bought_event_type,
            titles=export.layout.titles,
            remarks=export.layout.remarks,
            time_zone=export.layout.time_zone or _time_zone(sources, asker),
        )
    else:
        sources, unused = guess_sources(samples, asker)
        if not sources:
            raise InputError(_no_table(samples))
        types, bought = guess_event_types([source for source in sources if source.table == "events"], asker)
        proposal = Proposal(
            sources=sources, event_types=types, bought_event_type=bought, time_zone=_time_zone(sources, asker)
        )
    for sample in unused:
        asker.note(f"`{sample.label}` is not used: {_why_unused(sample, proposal)}.")
    return _with_a_catalogue_that_fits(proposal, asker)


def _why_unused(sample: Sample, proposal: Proposal) -> str:
    table = table_of(sample)
    return (
        f"other files have the {table}"
        if table in proposal.tables()
        else f"no table was found in its columns, {_listed(sample)}"
    )


def _time_zone(sources: Sequence[ProposedSource], asker: Asker) -> str:
    return shop_zone([source.time for source in sources if source.time is not None], asker.note)


def _with_a_catalogue_that_fits(proposal: Proposal, asker: Asker) -> Proposal:
    """Leaves products out that are not those of the events, which nothing could be learned of."""
    unknown = unknown_products(proposal)
    if unknown is None or unknown < _NO_CATALOGUE:
        return proposal
    asker.note(
        f"{unknown:.0%} of the events are of products that the products table lacks: its ids seem to be others, so it "
        f"is left out. Events have {_some_ids(proposal, 'events')}, products {_some_ids(proposal, 'products')}."
    )
    return replace(proposal, sources=[source for source in proposal.sources if source.table != "products"])


def _some_ids(proposal: Proposal, table: str) -> str:
    columns = [column for source in proposal.of_table(table) if (column := source.column("product_id")) is not None]
    return ", ".join(f"`{value}`" for column in columns[:1] for value in column.examples()[:_SHOWN_IDS])


def _no_table(samples: Sequence[Sample]) -> str:
    seen = "; ".join(f"`{sample.label}` has {_listed(sample)}" for sample in samples)
    return (
        f"no table was found in these files: {seen}. Looked for: {describe_tables()}. Rename the columns as "
        "docs/bring-your-own-data.md calls them, or write the configuration by hand."
    )


def _listed(sample: Sample) -> str:
    names = sample.rows.column_names
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
