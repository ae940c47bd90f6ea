"""Finds the known exports among a shop's files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx_pipeline.init.layouts.layout import KnownTable, Layout
from tfx_pipeline.init.layouts.registry import LAYOUTS
from tfx_pipeline.init.proposal import ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.source_guess import Joined, KnownColumns, guess_source


@dataclass(frozen=True, kw_only=True)
class KnownExport:
    """Files that are a known export.

    Attributes:
        layout: The export.
        files: Its files, by kind.
    """

    layout: Layout
    files: Mapping[str, Sequence[Sample]]


def find_export(samples: Sequence[Sample]) -> KnownExport | None:
    """Returns the known export that explains the most files, if there is one that makes a table."""
    found = [KnownExport(layout=layout, files=_kinds(layout, samples)) for layout in LAYOUTS]
    useful = [export for export in found if any(_has_files(table, export.files) for table in export.layout.tables)]
    if not useful:
        return None
    return max(useful, key=lambda export: sum(map(len, export.files.values())))


def export_sources(export: KnownExport, asker: Asker) -> list[ProposedSource]:
    """Returns the sources of all tables that an export has."""
    sources = []
    for table in export.layout.tables:
        if not _has_files(table, export.files) or table.unless in export.files:
            continue
        joins = [
            Joined(sample=export.files[join.file][0], on=join.on, columns=join.columns)
            for join in table.joins
            if join.file in export.files
        ]
        for sample in export.files[table.file]:
            known = KnownColumns(
                table=table.table,
                columns=table.columns,
                joins=joins,
                options=table.options,
                kept_values=table.kept_values,
            )
            sources.append(guess_source(known, sample, asker))
    return sources


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
