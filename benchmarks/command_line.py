"""Options that several benchmarks have, said once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

# A folder for a run of the pipeline that the benchmark starts; kept where it is given.
NewRoot = Annotated[Path | None, typer.Option("--root", help="Folder of the run; a temporary one if left out.")]
# A run that was made before.
SearchRoot = Annotated[Path, typer.Option("--root", help="Root of a run that pushed a search model.")]
RecommendationRoot = Annotated[Path, typer.Option("--root", help="Root of a run that pushed a recommendation model.")]
Configuration = Annotated[Path, typer.Option("--config", help="Configuration of the run.")]
Overrides = Annotated[list[str], typer.Option("--set", help="key.key=value on top of the configuration.")]
Queries = Annotated[Path, typer.Option("--queries", help="Parquet file with a column query, and maybe split.")]
TorchPython = Annotated[str, typer.Option("--torch-python", help="A Python interpreter with torch and NumPy.")]

THIS_PYTHON = sys.executable
