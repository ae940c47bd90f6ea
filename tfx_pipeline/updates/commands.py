"""The commands that keep models up to date; they load TFX only where there is something to do."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.model_names import RECOMMENDATION_MODEL, SEARCH_MODEL
from serving.quiet_import import quiet_import
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.running.signals import ended_as_by_ctrl_c
from tfx_pipeline.terminal.console import console, plain_table
from tfx_pipeline.terminal.exit_codes import EXIT_REFUSED
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.terminal.options import Root

if TYPE_CHECKING:
    from tfx_pipeline.updates.counts import CountsUpdate

app = typer.Typer()


@app.command()
def update(
    root: Root = Path("runs/default"),
    tasks: Annotated[str, typer.Option(help="Comma-separated names of the tasks to update; all by default.")] = "",
    counts: Annotated[
        bool,
        typer.Option("--counts", help="Only renew sales, season, rules and stock of the recommender; no training."),
    ] = False,
) -> None:
    """Make new versions of pushed models from what is new in the tables, starting from what was learned before."""
    if counts:
        _update_counts(root, tasks)
        return
    from tfx_pipeline.updates.update import update_models

    summary = update_models(root, [name for name in tasks.split(",") if name])
    if summary is None:
        console.print("nothing is new: each model was made from the tables as they are")
        return
    from tfx_pipeline.running.summary_table import print_summary

    print_summary(summary, root)
    if not summary.blessed:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def index(
    products: Annotated[str, typer.Option(help="Products table, in full: what it lacks is not answered any more.")],
    synonyms: Annotated[str, typer.Option(help="Table of synonyms; the run's own if left out.")] = "",
    pins: Annotated[str, typer.Option(help="Table of pins; the run's own if left out.")] = "",
    tasks: Annotated[
        str, typer.Option(help="search, recommendation or both, comma-separated; those that are served by default.")
    ] = "",
    root: Root = Path("runs/default"),
) -> None:
    """Put another catalogue into the served models of search and recommendation, without training."""
    chosen = _indexed(root, tasks)
    refused = False
    if SEARCH_MODEL in chosen:
        refused = not _index_search(root, products, synonyms, pins)
    if RECOMMENDATION_MODEL in chosen:
        from tfx_pipeline.updates.update import update_catalogue

        refused |= not _told(update_catalogue(root, {"products": products, "pins": pins}))
    if refused:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def watch(
    every: Annotated[str, typer.Option(help="From one update to the next: 30m, 6h or 1d.")] = "1d",
    root: Root = Path("runs/default"),
    tasks: Annotated[str, typer.Option(help="Comma-separated names of the tasks to update; all by default.")] = "",
) -> None:
    """Update at once and then every so often, until Ctrl-C; what is new in between is picked up by the next one."""
    from tfx_pipeline.summary.state import state_of_run
    from tfx_pipeline.updates import watch as watching

    seconds = watching.seconds_between(every)
    # What can never be updated is told now, and not each time.
    state_of_run(root)
    with contextlib.suppress(KeyboardInterrupt), ended_as_by_ctrl_c():
        watching.watch(root, seconds, tasks)


Model = Annotated[str, typer.Argument(help="Name of the model.")]
Because = Annotated[str, typer.Option(help="Why; it is logged.")]
By = Annotated[str, typer.Option(help="Who decides; else the user of this machine.")]


@app.command()
def waiting(root: Root = Path("runs/default")) -> None:
    """Show what waits for approval, with the answers of the served and the waiting version side by side."""
    with logs_in(root / "logs" / "waiting.log"):
        from tfx_pipeline.updates.decisions import waiting_versions
        from tfx_pipeline.updates.side_by_side import side_by_side

        found = {
            model: (part.pushed, side_by_side(model, part, served))
            for model, (part, served) in waiting_versions(root.resolve()).items()
        }
    for model, (folder, answers) in found.items():
        console.print(f"{model} waits in {folder}")
        table = plain_table("asked", "served", "waiting")
        for each in answers:
            table.add_row(each.asked, "\n".join(each.served), "\n".join(each.waiting), end_section=True)
        if answers:
            console.print(table)
    if not found:
        console.print("nothing waits for approval")


@app.command()
def approve(model: Model, because: Because, root: Root = Path("runs/default"), by: By = "") -> None:
    """Serve a model that waits, where `gate.approval` is manual."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} pushed to {decisions.approve(root.resolve(), model, because, by)}")


@app.command()
def reject(model: Model, because: Because, root: Root = Path("runs/default"), by: By = "") -> None:
    """Remove a model that waits; what is served stays."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} removed from {decisions.reject(root.resolve(), model, because, by)}")


@app.command()
def rollback(
    model: Model,
    because: Because,
    root: Root = Path("runs/default"),
    to: Annotated[int | None, typer.Option(help="The version; else the one before the newest.")] = None,
    by: By = "",
) -> None:
    """Serve an earlier version once more, as a new one; the next update starts from what it was made with."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} pushed to {decisions.rollback(root.resolve(), model, because, by, to)}")


def _update_counts(root: Path, tasks: str) -> None:
    from tfx_pipeline.updates.update import update_counts

    if tasks not in ("", RECOMMENDATION_MODEL):
        raise ConfigError(f"--tasks {tasks}: only {RECOMMENDATION_MODEL} counts anything; leave --tasks out")
    found = update_counts(root)
    if found is None:
        console.print("nothing is new: the counts are those of the tables as they are")
        return
    if not _told(found):
        raise typer.Exit(EXIT_REFUSED)


def _told(update: "CountsUpdate") -> bool:
    """Says what became of the recommender, and returns whether it was pushed."""
    if update.added:
        console.print(f"{update.added:,} new products")
    return _outcome(RECOMMENDATION_MODEL, update.refused_because, update.pushed)


def _index_search(root: Path, products: str, synonyms: str, pins: str) -> bool:
    """Puts a catalogue into the served search model, says what became of it, and returns whether it was pushed."""
    console.print("loading TFX …")
    with logs_in(root / "logs" / "index.log"):
        from tfx_pipeline.tasks.search.index_update import update_index

        update = update_index(root.resolve(), products, {"synonyms": synonyms, "pins": pins})
    for reason, count in sorted(update.quarantined.items()):
        console.print(f"  quarantined: {count:,} {reason}")
    console.print(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in update.changes.items()))
    return _outcome(SEARCH_MODEL, update.refused_because, update.pushed)


def _outcome(model: str, refused_because: Sequence[str], pushed: str | None) -> bool:
    for reason in refused_because:
        console.print(f"refused: {reason}")
    if pushed is not None:
        console.print(f"{model} pushed to {pushed}")
    return pushed is not None


def _indexed(root: Path, tasks: str) -> list[str]:
    """Returns which models get another catalogue.

    Raises:
        ConfigError: A task is named that has no catalogue to renew.
    """
    known = (SEARCH_MODEL, RECOMMENDATION_MODEL)
    names = [name for name in tasks.split(",") if name]
    if strange := [name for name in names if name not in known]:
        raise ConfigError(f"--tasks {','.join(strange)}: `index` renews {' and '.join(known)}; name one of them")
    # A folder without any is told so by the search.
    return names or [name for name in known if (root / "serving" / name).is_dir()] or [SEARCH_MODEL]
