"""Finds the known exports among a shop's files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tfx_pipeline.init.known_columns import Joined, KnownColumns, best_join
from tfx_pipeline.init.layouts.layout import KnownTable, Layout
from tfx_pipeline.init.layouts.registry import LAYOUTS
from tfx_pipeline.init.matching import best_ids, unknown_products
from tfx_pipeline.init.proposal import Proposal, ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.source_guess import guess_source

# Where fewer of the events' products are unknown, the catalogue is theirs, and lacks some.
_OTHER_IDS = 0.5


@dataclass(frozen=True, kw_only=True)
class KnownExport:
    """Files that are a known export.

    Attributes:
        layout: The export.
        files: Its files, by kind.
    """

    layout: Layout
    files: Mapping[str, Sequence[Sample]]

    def explains(self, sample: Sample) -> bool:
        """Says whether a file is one of the export."""
        return any(sample is each for samples in self.files.values() for each in samples)


def find_export(samples: Sequence[Sample]) -> KnownExport | None:
    """Returns the known export that explains the most files, if there is one that makes a table."""
    found = [KnownExport(layout=layout, files=_kinds(layout, samples)) for layout in LAYOUTS]
    useful = [export for export in found if any(_has_files(table, export.files) for table in export.layout.tables)]
    if not useful:
        return None
    return max(useful, key=lambda export: sum(map(len, export.files.values())))


def export_sources(export: KnownExport, asker: Asker) -> list[ProposedSource]:
    """Returns the sources of all tables that an export has.

    A catalogue whose ids are not those of the events gives way to the products that the events' own file names.
    """
    tables = _with_settled_ids([table for table in export.layout.tables if _has_files(table, export.files)], export)
    sources: list[ProposedSource] = []
    for table in tables:
        better = [other for other in tables if other.unless == table.file and other.table == table.table]
        if table.unless in export.files or (better and not _has_ids(table, export.files[table.file])):
            continue
        sources += _sources(table, export, asker)
    for table in tables:
        if table.unless not in export.files:
            continue
        label = " and ".join(sample.label for sample in export.files[table.unless])
        unknown = unknown_products(Proposal(sources=sources))
        if not any(source.table == table.table for source in sources):
            asker.note(f"{label}: no row has the id of a product, so that {table.table} come from the orders.")
        elif unknown is not None and unknown >= _OTHER_IDS:
            asker.note(
                f"{label}: {unknown:.0%} of the events are of products that are not there: its ids seem to be others, "
                f"so that {table.table} come from the orders."
            )
            sources = [source for source in sources if source.table != table.table]
        else:
            continue
        sources += _sources(table, export, asker)
    _note_lonely_files(export, sources, asker)
    return sources


def _sources(table: KnownTable, export: KnownExport, asker: Asker) -> list[ProposedSource]:
    """Returns the sources of one table."""
    sources = []
    for sample in export.files[table.file]:
        # Of several files, such as one a year, that which the rows are of.
        joins = [
            best_join(
                [Joined(sample=other, on=join.on, columns=join.columns) for other in export.files[join.file]], sample
            )
            for join in table.joins
            if join.file in export.files
        ]
        known = KnownColumns(
            table=table.table,
            columns=table.columns,
            joins=joins,
            options=table.options,
            kept_values=table.kept_values,
        )
        sources.append(guess_source(known, sample, asker))
    return sources


def _with_settled_ids(tables: Sequence[KnownTable], export: KnownExport) -> list[KnownTable]:
    """Keeps, of several columns that may be a product's id, those by which events find their product."""
    kinds = (
        [table for table in tables if table.table == "events"],
        [table for table in tables if table.table == "products" and not table.unless],
    )
    choices = [
        [(sample, table.columns["product_id"]) for table in kind for sample in export.files[table.file]]
        for kind in kinds
    ]
    best = best_ids(*choices)
    if best is None:
        return list(tables)
    chosen = {table.table: name for kind, name in zip(kinds, best, strict=True) for table in kind}
    return [
        replace(table, columns={**table.columns, "product_id": (chosen[table.table],)})
        if not table.unless and chosen.get(table.table) in table.columns.get("product_id", ())
        else table
        for table in tables
    ]


def _note_lonely_files(export: KnownExport, sources: Sequence[ProposedSource], asker: Asker) -> None:
    """Says which files would be joined to others, of which none has rows that are theirs."""
    joined = {join["path"] for source in sources for join in source.options.get("join", ())}
    for kind in {join.file for table in export.layout.tables for join in table.joins if join.file in export.files}:
        for sample in export.files[kind]:
            if sample.path not in joined:
                asker.note(f"`{sample.label}` is not used: no other file has rows that belong to it.")


def _has_ids(table: KnownTable, samples: Sequence[Sample]) -> bool:
    return any(sample.has_values(name) for sample in samples for name in table.columns["product_id"])


def headerless_names(fields: Sequence[str]) -> tuple[str, ...] | None:
    """Returns the names of columns of a file without a header whose first line looks like one of a known export.

    Args:
        fields: The fields of the first line.
    """
    for layout in LAYOUTS:
        for names in layout.headerless.values():
            if len(fields) == len(names) and fields[names.index(layout.headerless_type)] in layout.event_types:
                return names
    return None


def _kinds(layout: Layout, samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    kinds: dict[str, list[Sample]] = {}
    for sample in samples:
        # Of two kinds that fit, the one that is told by more columns.
        fitting = [kind for kind, columns in layout.files.items() if columns <= sample.names]
        if fitting:
            kinds.setdefault(max(fitting, key=lambda kind: len(layout.files[kind])), []).append(sample)
    return kinds


def _has_files(table: KnownTable, files: Mapping[str, Sequence[Sample]]) -> bool:
    return table.file in files and all(join.file in files for join in table.joins if join.needed)
