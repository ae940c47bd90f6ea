"""Runs TableExampleGen, and what follows it, on files that a test wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Quarantine
from components.tables.contract import TABLES, TableOptions
from components.tables.example_gen import TableExampleGenExecutor
from components.tables.sources import TableSource, sources_to_json
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS


@dataclass(frozen=True)
class TableRun:
    """What one execution left."""

    examples: Artifact
    quarantine: Artifact
    table: str

    def lists(self) -> pa.Table:
        """The examples as they stand."""
        folder = Path(self.examples.uri) / "Split-all"
        return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("data-*.parquet"))])

    def rows(self) -> list[dict[str, Any]]:
        """The examples with single values taken out of their lists and bytes decoded."""
        vectors = {column.name for column in TABLES[self.table].columns if column.kind == "vector"}
        rows = []
        for row in self.lists().to_pylist():
            plain = {name: value if value is None or name in vectors else value[0] for name, value in row.items()}
            rows.append({name: value.decode() if isinstance(value, bytes) else value for name, value in plain.items()})
        return rows

    def counts(self) -> dict[str, Any]:
        """The quarantine's counts.json."""
        counts: dict[str, Any] = json.loads((Path(self.quarantine.uri) / "counts.json").read_text())
        return counts

    def refused(self) -> list[dict[str, Any]]:
        """The quarantine's rows."""
        lines = []
        for path in sorted(Path(self.quarantine.uri).glob("quarantine-*.jsonl")):
            lines += [json.loads(line) for line in path.read_text().splitlines()]
        return lines


def beam_context(folder: Path) -> BaseBeamExecutor.Context:
    """A context for TFX's Beam executors, on Beam's in-process runner."""
    tmp_dir = str(folder / "tmp")
    return BaseBeamExecutor.Context(beam_pipeline_args=list(LOCAL_BEAM_ARGS), tmp_dir=tmp_dir, unique_id="1")


def run_table(
    folder: Path,
    table: str,
    path: Path | str | Sequence[TableSource],
    options: TableOptions | None = None,
    data: str = "",
    user_id_key: str = "a secret",
    source: TableSource | None = None,
    forgotten: str = "",
) -> TableRun:
    """Runs TableExampleGen's executor on `path` (read as `source` says), or on sources; outputs go under `folder`."""
    options, source = options or TableOptions(), source or TableSource(path="")
    examples = standard_artifacts.Examples()
    examples.uri = str(folder / "examples")
    quarantine = Quarantine()
    quarantine.uri = str(folder / "quarantine")
    TableExampleGenExecutor(beam_context(folder)).Do(
        {},
        {"examples": [examples], "quarantine": [quarantine]},
        {
            "table": table,
            "sources": sources_to_json(
                [source.model_copy(update={"path": str(path)})] if isinstance(path, Path | str) else path
            ),
            "data": data,
            "digest": "",
            "user_id_key": user_id_key,
            "forgotten": forgotten,
            "options_json": options.model_dump_json(),
            "source_digest": "",
        },
    )
    return TableRun(examples, quarantine, table)
