"""`shelfwise init`: shows what a shop's files seem to be, and writes a configuration that runs."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from components.errors import InputError
from components.tables.contract import TABLES
from components.tables.shaping.planning import plan_table
from tfx_pipeline.config.config import read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.init.configuration import commented_configuration, shown
from tfx_pipeline.init.matching import unknown_products
from tfx_pipeline.init.proposal import Proposal, ProposedSource
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import AtTerminal, BestGuess, is_terminal
from tfx_pipeline.init.tasks import TaskGuess, guess_tasks
from tfx_pipeline.init.yaml_writer import to_yaml
from tfx_pipeline.shop.options import Limits
from tfx_pipeline.terminal.console import console

_SPARE_FRACTION = 0.05


def init(paths: Sequence[str], out: Path) -> None:
    """Guesses a configuration, shows it and writes it.

    Questions are asked only if a person sits at the terminal; else the best guess is taken, and said to be one.

    Args:
        paths: Files, folders and globs.
        out: The file to write; one that is there is kept, unless a person says otherwise.

    Raises:
        InputError: A file cannot be read, no table was found, or `out` is there already.
    """
    asker = AtTerminal(show=console.print, read=console.input) if is_terminal() else BestGuess()
    if out.exists():
        _may_overwrite(out, asker)
    proposal = propose(paths, asker)
    unknown = unknown_products(proposal)
    limit = None
    if unknown is not None and unknown > Limits().max_unknown_product_fraction:
        limit = round(min(1.0, unknown + _SPARE_FRACTION), 2)
        asker.note(f"{unknown:.0%} of the events are of products that the products table lacks.")
    has_titles = proposal.has("products", "title")
    tasks = guess_tasks(proposal, has_titles=has_titles)
    if not any(task.runs for task in tasks.values()):
        why = [*(task.why for task in tasks.values()), *asker.unsure]
        raise InputError(f"no task can run on these files. {' '.join(why)}")
    document = commented_configuration(
        _beside(proposal, out),
        tasks,
        has_titles=has_titles,
        unknown_product_fraction=limit,
        unsure=asker.unsure,
        command=f"shelfwise run --config {out} --root runs/my-shop",
    )
    _write(out, to_yaml(document))
    _show(proposal, tasks, asker.unsure)
    console.print(f"\nwrote {out}; run it with\n  shelfwise run --config {out} --root runs/my-shop")


def _may_overwrite(out: Path, asker: AtTerminal | BestGuess) -> None:
    if isinstance(asker, BestGuess) or asker.choose(f"{out} is there already.", ["keep it", "overwrite it"]) == 0:
        raise InputError(f"{out} is there already and was kept. Give another name with --out, or remove it.")


def _write(out: Path, text: str) -> None:
    """Writes the configuration whole or not at all; one that a run would refuse at once is never left behind."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        try:
            config = read_config(draft)
            for name, options in config.options_of_tables().items():
                # What a run would refuse before it reads any row is refused here.
                tables = config.tables.at(str(out.parent.resolve()))
                plan_table(TABLES[name], options, [source.in_zone(config.time_zone) for source in tables.given()[name]])
        except (ConfigError, InputError) as error:
            raise InputError(f"these files make no configuration that runs: {error}") from error
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _beside(proposal: Proposal, out: Path) -> Proposal:
    """Returns the proposal with paths as they are written in the configuration."""
    folder = out.parent.resolve()
    sources = [replace(source, options=_moved(source.options, folder)) for source in proposal.sources]
    return replace(proposal, sources=sources)


def _moved(options: Any, folder: Path) -> Any:
    moved = dict(options)
    moved["path"] = _path_from(folder, moved["path"])
    if "join" in moved:
        moved["join"] = [_moved(join, folder) for join in moved["join"]]
    return moved


def _path_from(folder: Path, path: str) -> str:
    """Returns a path relative to a folder, if it lies below it, else the whole path."""
    if "://" in path:
        return path
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute, folder)
    return absolute if relative.startswith("..") else relative


def _show(proposal: Proposal, tasks: dict[str, TaskGuess], unsure: Sequence[str]) -> None:
    if proposal.layout:
        console.print(f"These files look like an export of {proposal.layout}.")
    for source in proposal.sources:
        rows = f"{source.sample.rows.num_rows:,}{'' if source.sample.complete else ' first'} rows"
        console.print(f"\n{source.table}, from {source.sample.label} ({rows})", style="bold")
        console.print(_table(source))
    console.print()
    for name, task in tasks.items():
        could = "" if task.runs or task.options is None else ", which could be added"
        console.print(f"{'with' if task.runs else 'without'} {name}{could}: {task.why}")
    for remark in proposal.remarks:
        console.print(f"note: {remark}")
    for remark in unsure:
        console.print(f"please check: {remark}", style="yellow")


def _table(source: ProposedSource) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("column", "in the file", "what"):
        table.add_column(heading, overflow="fold")
    table.add_column("such as", overflow="fold", ratio=1)
    for column in source.columns:
        table.add_row(column.name, column.theirs, column.what, shown(column.examples()))
    for name, value in source.options.get("constants", {}).items():
        table.add_row(name, "", f"always {value}", "")
    return table
